import type { KeyKind } from "../../policy/decision.ts";
import { pointLength, type Curve } from "./elliptic-curve.ts";
import { asKeyError, FormatError, KeyError } from "./format-error.ts";
import { checkMaterial, kindOf, type KeyMaterial } from "./key-material.ts";
import { sshString, SshReader, sshUnsigned } from "./ssh-wire.ts";

/** An SSH public key (RFC 4253 §6.6 and the documents of each type). */
export type SshPublicKey = {
  readonly kind: KeyKind;
  /** As in the blob, e.g. `ssh-ed25519`. */
  readonly type: string;
  /** The whole key in wire format, its type included. */
  readonly blob: Buffer;
  readonly material: KeyMaterial;
};

/** Longest line looked at, in characters: RSA of 4096 bits needs about 730. */
const MAX_LINE = 4096;

/**
 * Parses `TYPE BASE64 [COMMENT]`, a line as in a `.pub` file; the comment is dropped.
 *
 * @throws KeyError for options, certificates, more than one line, bytes after the key, and keys
 * that are weak or of another kind.
 */
export function parseSshPublicKey(line: string): SshPublicKey {
  const [, type = "", base64 = ""] = LINE.exec(line.slice(0, MAX_LINE + 1)) ?? [];
  const blob = Buffer.from(base64, "base64");
  if (line.length > MAX_LINE || type === "" || blob.toString("base64") !== base64) {
    throw new KeyError("key.malformed", "not one SSH public key line of type, base64 and comment");
  }
  const key = parseSshKeyBlob(blob);
  if (key.type === type) return key;
  throw new KeyError("key.malformed", `SSH key line says ${type}, the key in it ${key.type}`);
}

/** The type comes first, so no options; and no control characters, so one line. */
const LINE = /^([a-z0-9@.-]{1,64}) ([A-Za-z0-9+/]+={0,2})(?: [^\p{Cc}]*)?$/u;

/** Parses a key in wire format and checks that it is sound. @throws KeyError */
export function parseSshKeyBlob(blob: Buffer): SshPublicKey {
  return asKeyError("SSH public key", () => {
    const reader = new SshReader(blob);
    const type = reader.text();
    const material = readMaterial(type, reader);
    reader.close();
    const key = { kind: kindOf(material), type, blob, material };
    checkMaterial(material);
    return key;
  });
}

/** `TYPE BASE64`, without a comment. */
export const formatSshPublicKey = ({ type, blob }: Pick<SshPublicKey, "type" | "blob">): string =>
  `${type} ${blob.toString("base64")}`;

function readMaterial(type: string, reader: SshReader): KeyMaterial {
  switch (type) {
    case "ssh-ed25519":
      return { type: "ed25519", point: reader.string() };
    case "sk-ssh-ed25519@openssh.com":
      return readSecurityKey(reader);
    case "ecdsa-sha2-nistp256":
      return readCurve("P-256", "nistp256", reader);
    case "ecdsa-sha2-nistp384":
      return readCurve("P-384", "nistp384", reader);
    case "ssh-rsa": {
      const exponent = reader.unsigned();
      return { type: "rsa", modulus: reader.unsigned(), exponent };
    }
    default:
      throw new KeyError("key.weak", unacceptable(type));
  }
}

function unacceptable(type: string): string {
  if (type.includes("-cert-v0")) return "a certificate stands where a public key belongs";
  return `SSH keys of type ${JSON.stringify(type.slice(0, 64))} are not accepted`;
}

/** PROTOCOL.u2f: the point, then the application, which OpenSSH names `ssh:` and what follows. */
function readSecurityKey(reader: SshReader): KeyMaterial {
  const point = reader.string();
  if (/^ssh:[\x21-\x7e]{0,64}$/.test(reader.text())) {
    return { type: "ed25519", point, securityKey: true };
  }
  throw new FormatError("application of the security key does not begin with ssh:");
}

/** RFC 5656 §3.1. */
function readCurve(curve: Curve, name: string, reader: SshReader): KeyMaterial {
  if (reader.text() !== name) throw new FormatError(`curve is not ${name}`);
  const point = reader.string();
  if (point.length === pointLength(curve) && point[0] === 4) return { type: "ec", curve, point };
  throw new FormatError(`point of ${curve} is not in uncompressed form`);
}

/** The SSH key with the same numbers as a key of another format. */
export function sshKeyOf(material: KeyMaterial): SshPublicKey {
  const [type, ...fields] = fieldsOf(material);
  const blob = Buffer.concat([sshString(type), ...fields]);
  return { kind: kindOf(material), type, blob, material };
}

function fieldsOf(material: KeyMaterial): readonly [type: string, ...fields: readonly Buffer[]] {
  if (material.type === "rsa") {
    return ["ssh-rsa", sshUnsigned(material.exponent), sshUnsigned(material.modulus)];
  }
  if (material.type === "ec") {
    const name = material.curve === "P-256" ? "nistp256" : "nistp384";
    return [`ecdsa-sha2-${name}`, sshString(name), sshString(material.point)];
  }
  if (material.securityKey) throw new TypeError("a security key has an application");
  return ["ssh-ed25519", sshString(material.point)];
}
