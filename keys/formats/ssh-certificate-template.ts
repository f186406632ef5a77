import type { SshContent } from "../../policy/decision.ts";
import { FormatError } from "./format-error.ts";
import type { SshPublicKey } from "./ssh-public-key.ts";
import { sshString, sshUint32, sshUint64 } from "./ssh-wire.ts";

/** Everything of an SSH certificate that is the same for each certificate of a plan, already encoded. */
export type SshTemplate = {
  /** Certificate type, key id and principals. */
  readonly names: Buffer;
  /** Critical options, extensions, reserved and the authority's key. */
  readonly options: Buffer;
};

/** What a template leaves open. */
export type SshBlanks = {
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  /** 8 bytes, big-endian. */
  readonly serial: Uint8Array;
  readonly key: SshPublicKey;
  /** Seconds since 1970: valid from `validAfter`, up to but not including `validBefore`. */
  readonly validAfter: number;
  readonly validBefore: number;
};

const USER = 1;
const HOST = 2;
/** Longest principal and key id that are written, in bytes. */
const MAX_NAME = 255;

/**
 * Encodes what is constant in certificates with this content (PROTOCOL.certkeys).
 *
 * @throws FormatError when principals are empty or hold one that servers may read as several or as
 * everyone: that is never signed, whatever the plan says.
 */
export function createSshTemplate(content: SshContent, authorityKey: SshPublicKey): SshTemplate {
  if (content.principals.length === 0) throw new FormatError("SSH: no principals");
  for (const principal of content.principals) checkPrincipal(principal, content.kind);
  checkText(content.keyId, "key id");
  const principals = content.principals.map(sshString);
  return {
    names: Buffer.concat([
      sshUint32(content.kind === "ssh-user" ? USER : HOST),
      sshString(content.keyId),
      sshString(Buffer.concat(principals)),
    ]),
    options: Buffer.concat([
      sshString(Buffer.concat(criticalOptions(content))),
      sshString(Buffer.concat(content.extensions.toSorted().map((name) => option(name, "")))),
      sshString(""),
      sshString(authorityKey.blob),
    ]),
  };
}

/** Fills a template in: everything up to the signature, which is over exactly these bytes. */
export function fillSshTemplate(template: SshTemplate, blanks: SshBlanks): Buffer {
  const { type, blob } = blanks.key;
  return Buffer.concat([
    sshString(certificateType(type)),
    sshString(blanks.nonce),
    // the key's own fields, without its type
    blob.subarray(4 + type.length),
    blanks.serial,
    template.names,
    sshUint64(blanks.validAfter),
    sshUint64(blanks.validBefore),
    template.options,
  ]);
}

/** Puts certificate and signature together. `signature` is as in {@link sshSignature}. */
export const sealSshCertificate = (signed: Buffer, signature: Buffer): Buffer =>
  Buffer.concat([signed, sshString(signature)]);

/** `ssh-ed25519` → `ssh-ed25519-cert-v01@openssh.com`; vendor suffixes go behind. */
export const certificateType = (keyType: string): string =>
  `${keyType.replace(/@openssh\.com$/, "")}-cert-v01@openssh.com`;

function criticalOptions({ forceCommand, sourceAddress }: SshContent): readonly Buffer[] {
  const options: Buffer[] = [];
  if (forceCommand !== undefined) {
    checkText(forceCommand, "forced command");
    options.push(option("force-command", sshString(forceCommand)));
  }
  if (sourceAddress.length > 0) {
    options.push(option("source-address", sshString(sourceAddress.join(","))));
  }
  return options;
}

const option = (name: string, value: Buffer | string): Buffer =>
  Buffer.concat([sshString(name), sshString(value)]);

/** Visible ASCII without a comma: servers split lists at commas, and empty or `*` can mean everyone. */
function checkPrincipal(principal: string, kind: SshContent["kind"]): void {
  const visible = /^[\x21-\x2b\x2d-\x7e]+$/.test(principal) && principal.length <= MAX_NAME;
  const wildcard = kind === "ssh-user" ? principal.includes("*") : principal === "*";
  if (visible && !wildcard) return;
  throw new FormatError(`SSH: ${JSON.stringify(principal)} cannot be a principal`);
}

function checkText(text: string, what: string): void {
  if (/^[\x20-\x7e]+$/.test(text) && text.length <= MAX_NAME) return;
  throw new FormatError(`SSH: ${what} is empty, too long or not printable ASCII`);
}
