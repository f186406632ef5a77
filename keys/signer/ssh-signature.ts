import { randomBytes, sign } from "node:crypto";
import type { SshContent } from "../../policy/decision.ts";
import { isEd25519Point } from "../formats/ed25519-point.ts";
import { KeyError } from "../formats/format-error.ts";
import { parseSshCertificate, type SshOption } from "../formats/ssh-certificate.ts";
import {
  createSshTemplate,
  fillSshTemplate,
  sealSshCertificate,
  type SshTemplate,
} from "../formats/ssh-certificate-template.ts";
import { parseSshKeyBlob, type SshPublicKey } from "../formats/ssh-public-key.ts";
import { sshString, sshUnsigned } from "../formats/ssh-wire.ts";
import type { SshAuthority } from "./authority.ts";
import type { MadeCertificate } from "./tls-signature.ts";

/** What an SSH certificate is made from. Templates are kept by the identity of `content`. */
export type SshJob = {
  readonly content: SshContent;
  /** Seconds of use from `at`, and seconds by which it is valid before that. */
  readonly lifetime: number;
  readonly backdate: number;
  readonly authority: SshAuthority;
  readonly key: SshPublicKey;
  /** 16 hex digits. */
  readonly serial: string;
  /** Seconds since 1970. */
  readonly at: number;
};

/** Reads the key of a claim, which nothing but these checks stands for. @throws KeyError */
export function readSshKey(blob: Buffer): SshPublicKey {
  const key = parseSshKeyBlob(blob);
  if (key.material.type !== "ed25519" || isEd25519Point(key.material.point)) return key;
  throw new KeyError("key.malformed", "Ed25519 key is no point of the curve");
}

/** Makes SSH certificates: encodes, signs, parses back, compares with the plan. */
export function createSshMaker(): (job: SshJob) => MadeCertificate {
  const templates = new WeakMap<SshContent, SshTemplate>();

  return (job) => {
    const { content, authority, key, serial, at } = job;
    const template = templates.get(content) ?? createSshTemplate(content, authority.sshKey);
    templates.set(content, template);
    // PROTOCOL.certkeys: valid before this second, so the last one is the one before it
    const times = { validAfter: at - job.backdate, validBefore: at + job.lifetime };
    const nonce = randomBytes(32);
    const blanks = { nonce, serial: Buffer.from(serial, "hex"), key, ...times };
    const signed = fillSshTemplate(template, blanks);
    const certificate = sealSshCertificate(signed, signatureOf(authority, signed));
    checkBack(certificate, job, times);
    return { certificate, notBefore: times.validAfter, notAfter: times.validBefore - 1 };
  };
}

/** Algorithm and signature: RFC 8709 §6 for Ed25519, RFC 5656 §3.1.2 for ECDSA. */
function signatureOf({ privateKey, sshKey }: SshAuthority, signed: Buffer): Buffer {
  const name = sshString(sshKey.type);
  if (sshKey.material.type === "ed25519") {
    return Buffer.concat([name, sshString(sign(null, signed, privateKey))]);
  }
  const raw = sign("sha256", signed, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const numbers = [sshUnsigned(raw.subarray(0, 32)), sshUnsigned(raw.subarray(32))];
  return Buffer.concat([name, sshString(Buffer.concat(numbers))]);
}

/** @throws Error when the certificate says anything but what was planned: a fault of ours, never handed out. */
function checkBack(
  blob: Buffer,
  { content, authority, key, serial }: SshJob,
  times: { readonly validAfter: number; readonly validBefore: number },
): void {
  const made = parseSshCertificate(blob);
  const same =
    made.serial === serial &&
    made.kind === content.kind &&
    made.keyId === content.keyId &&
    made.validAfter === times.validAfter &&
    made.validBefore === times.validBefore &&
    made.key.blob.equals(key.blob) &&
    made.authorityKey.blob.equals(authority.sshKey.blob) &&
    sameTexts(made.principals, content.principals) &&
    sameTexts(made.criticalOptions.map(textOf), expectedOptions(content)) &&
    sameTexts(
      made.extensions.map(textOf),
      content.extensions.toSorted().map((name) => `${name}=`),
    );
  if (!same) throw new Error(`certificate ${serial} differs from its plan`);
}

const textOf = ({ name, value }: SshOption): string => `${name}=${value}`;

const expectedOptions = ({ forceCommand, sourceAddress }: SshContent): readonly string[] => [
  ...(forceCommand === undefined ? [] : [`force-command=${forceCommand}`]),
  ...(sourceAddress.length === 0 ? [] : [`source-address=${sourceAddress.join(",")}`]),
];

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, index) => text === b[index]);
