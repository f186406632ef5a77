import { createPrivateKey, type KeyObject } from "node:crypto";
import { readPublicKey } from "../../keys/formats/public-key.ts";
import { parsePem, formatPem } from "../../keys/formats/pem.ts";
import {
  formatSshPublicKey,
  parseSshKeyBlob,
  sshKeyOf,
  type SshPublicKey,
} from "../../keys/formats/ssh-public-key.ts";
import { SshReader, sshString, sshUint32 } from "../../keys/formats/ssh-wire.ts";
import { publicPart } from "./make-key.ts";

const MAGIC = Buffer.from("openssh-key-v1\0");
const LABEL = "OPENSSH PRIVATE KEY";
const BLOCK = 8;

/**
 * An Ed25519 private key as sshd reads it, unencrypted (PROTOCOL.key). `check` is four random
 * bytes. sshd before 9.6 takes no PKCS#8 for this kind of key.
 *
 * @throws TypeError for another kind of key.
 */
export function formatSshPrivateKey(key: KeyObject, check: Uint8Array): string {
  const { d } = key.export({ format: "jwk" });
  const publicKey = publicSshKey(key);
  if (publicKey.material.type !== "ed25519" || d === undefined) {
    throw new TypeError("only ed25519 keys are written in this format");
  }
  const { point } = publicKey.material;
  const seed = Buffer.from(d, "base64url");
  const secret = padded(
    Buffer.concat([
      check,
      check,
      publicKey.blob,
      sshString(Buffer.concat([seed, point])),
      sshString(""),
    ]),
  );
  const none = [sshString("none"), sshString("none"), sshString("")];
  const fields = [MAGIC, ...none, sshUint32(1), sshString(publicKey.blob), sshString(secret)];
  return formatSshPem(Buffer.concat(fields));
}

/** The public half of a private key as an SSH key. */
export const publicSshKey = (key: KeyObject): SshPublicKey =>
  sshKeyOf(readPublicKey(publicPart(key)).material);

/** The public key in an OpenSSH private key file, which holds it in the clear. @throws FormatError or KeyError. */
export function readSshPublicPart(text: string): SshPublicKey {
  const bytes = parseSshPem(text);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new TypeError("not an OpenSSH key");
  const reader = new SshReader(bytes.subarray(MAGIC.length));
  for (let header = 0; header < 3; header += 1) reader.string();
  if (reader.uint32() !== 1) throw new TypeError("not one key");
  return parseSshKeyBlob(reader.string());
}

/** Undoes {@link formatSshPrivateKey}. @throws TypeError, FormatError or KeyError for anything else. */
export function parseSshPrivateKey(text: string): KeyObject {
  const { blob, material } = readSshPublicPart(text);
  if (material.type !== "ed25519") throw new TypeError("not an ed25519 key");
  const bytes = parseSshPem(text);
  // The secret part is the last field: check, check, public key, seed and point, comment.
  const secret = lastField(bytes.subarray(MAGIC.length));
  const reader = new SshReader(secret);
  reader.uint32();
  reader.uint32();
  for (let field = 0; field < 2; field += 1) reader.string();
  const pair = reader.string();
  const jwk = { kty: "OKP", crv: "Ed25519", x: pair.subarray(SEED).toString("base64url") };
  const key = createPrivateKey({
    key: { ...jwk, d: pair.subarray(0, SEED).toString("base64url") },
    format: "jwk",
  });
  if (publicSshKey(key).blob.equals(blob)) return key;
  throw new TypeError("the halves of the key do not fit");
}

const SEED = 32;

function lastField(bytes: Buffer): Buffer {
  const reader = new SshReader(bytes);
  for (let header = 0; header < 3; header += 1) reader.string();
  reader.uint32();
  reader.string();
  return reader.string();
}

/** `TYPE BASE64`, one line. */
export const sshLine = (key: SshPublicKey): string => formatSshPublicKey(key);

// OpenSSH pads with 1, 2, 3 … up to the cipher's block.
function padded(bytes: Buffer): Buffer {
  const missing = (BLOCK - (bytes.length % BLOCK)) % BLOCK;
  return Buffer.concat([bytes, Buffer.from(Array.from({ length: missing }, (_, at) => at + 1))]);
}

// OpenSSH breaks lines at 70 characters and reads any length; RFC 7468 wants 64.
const formatSshPem = (der: Buffer): string => formatPem(LABEL, der);

function parseSshPem(text: string): Buffer {
  const body = text
    .replaceAll("\r", "")
    .split("\n")
    .filter((line) => !line.startsWith("-----"));
  return parsePem(LABEL, formatPem(LABEL, Buffer.from(body.join(""), "base64")));
}
