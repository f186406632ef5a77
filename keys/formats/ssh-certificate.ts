import { FormatError } from "./format-error.ts";
import { certificateType } from "./ssh-certificate-template.ts";
import { parseSshKeyBlob, type SshPublicKey } from "./ssh-public-key.ts";
import { sshString, SshReader } from "./ssh-wire.ts";

/** An SSH certificate (PROTOCOL.certkeys) as it stands in its bytes; its signature is not checked. */
export type SshCertificate = {
  readonly blob: Buffer;
  readonly type: string;
  readonly nonce: Buffer;
  readonly key: SshPublicKey;
  /** Lower-case hex, 16 digits. */
  readonly serial: string;
  readonly kind: "ssh-host" | "ssh-user";
  readonly keyId: string;
  readonly principals: readonly string[];
  /** Seconds since 1970: valid from `validAfter`, up to but not including `validBefore`. */
  readonly validAfter: number;
  readonly validBefore: number;
  readonly criticalOptions: readonly SshOption[];
  readonly extensions: readonly SshOption[];
  readonly authorityKey: SshPublicKey;
  /** What the signature is over. */
  readonly signed: Buffer;
  /** Algorithm and signature, each a `string`. */
  readonly signature: Buffer;
};

/** A critical option or extension; `value` is empty where it is a mere flag. */
export type SshOption = { readonly name: string; readonly value: string };

/** Parses a certificate in wire format. @throws FormatError, or KeyError for a key in it. */
export function parseSshCertificate(blob: Buffer): SshCertificate {
  const reader = new SshReader(blob);
  const type = reader.text();
  const nonce = reader.string();
  const key = readKey(type, reader, blob);
  const serial = reader.uint64().toString("hex");
  const kind = readKind(reader.uint32());
  const keyId = reader.text();
  const principals = readList(reader.string(), (list) => list.text());
  const validAfter = readTime(reader);
  const validBefore = readTime(reader);
  const criticalOptions = readOptions(reader.string());
  const extensions = readOptions(reader.string());
  if (reader.string().length > 0) throw new FormatError("SSH: reserved field is not empty");
  const authorityKey = parseSshKeyBlob(reader.string());
  const signed = blob.subarray(0, reader.offset);
  const signature = reader.string();
  reader.close();
  // prettier-ignore
  return { blob, type, nonce, key, serial, kind, keyId, principals, validAfter, validBefore,
    criticalOptions, extensions, authorityKey, signed, signature };
}

/** `TYPE BASE64`, one line as in a `-cert.pub` file. */
export function formatSshCertificate(blob: Buffer): string {
  return `${new SshReader(blob).text()} ${blob.toString("base64")}`;
}

/** Undoes {@link formatSshCertificate}; a comment is dropped. @throws FormatError or KeyError. */
export function parseSshCertificateLine(line: string): SshCertificate {
  const [, type = "", base64 = ""] =
    /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?: .*)?\n?$/.exec(line) ?? [];
  const certificate = parseSshCertificate(Buffer.from(base64, "base64"));
  if (certificate.type === type && certificate.blob.toString("base64") === base64)
    return certificate;
  throw new FormatError("SSH: not one certificate line");
}

/** Number of fields that a key of each type has behind its type. */
const KEY_FIELDS: Readonly<Record<string, number>> = {
  "ssh-ed25519": 1,
  "sk-ssh-ed25519@openssh.com": 2,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ssh-rsa": 2,
};

function readKey(type: string, reader: SshReader, blob: Buffer): SshPublicKey {
  const keyType = Object.keys(KEY_FIELDS).find((each) => certificateType(each) === type);
  if (keyType === undefined) {
    throw new FormatError(`SSH: unknown type of certificate ${JSON.stringify(type.slice(0, 64))}`);
  }
  const start = reader.offset;
  for (let left = KEY_FIELDS[keyType] ?? 0; left > 0; left -= 1) reader.string();
  const fields = blob.subarray(start, reader.offset);
  return parseSshKeyBlob(Buffer.concat([sshString(keyType), fields]));
}

function readKind(value: number): "ssh-host" | "ssh-user" {
  if (value === 1) return "ssh-user";
  if (value === 2) return "ssh-host";
  throw new FormatError(`SSH: unknown kind of certificate ${value}`);
}

function readTime(reader: SshReader): number {
  const bytes = reader.uint64();
  if (bytes.readUInt16BE(0) > 0) throw new FormatError("SSH: time is beyond every calendar");
  return bytes.readUIntBE(2, 6);
}

/** Options are unique and in order of their names (PROTOCOL.certkeys). */
function readOptions(bytes: Buffer): readonly SshOption[] {
  const options = readList(bytes, (list) => ({
    name: list.text(),
    value: readValue(list.string()),
  }));
  for (const [index, { name }] of options.entries()) {
    const before = options[index - 1];
    if (before !== undefined && before.name >= name) {
      throw new FormatError("SSH: options are not sorted or not unique");
    }
  }
  return options;
}

/** An option's value is empty or holds one `string`. */
function readValue(bytes: Buffer): string {
  if (bytes.length === 0) return "";
  const reader = new SshReader(bytes);
  const value = reader.text();
  reader.close();
  return value;
}

function readList<T>(bytes: Buffer, read: (list: SshReader) => T): readonly T[] {
  const list = new SshReader(bytes);
  const values: T[] = [];
  while (!list.done) values.push(read(list));
  return values;
}
