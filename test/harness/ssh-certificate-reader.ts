/** Fields of an SSH certificate as bytes (PROTOCOL.certkeys), for comparing; written apart from keys/formats. */
export type SshCertificateFields = {
  /** What follows the nonce: the key's own fields and the rest. */
  readonly afterNonce: Buffer;
  readonly keyId: Buffer;
  readonly principals: readonly Buffer[];
  readonly criticalOptions: Buffer;
  readonly extensions: Buffer;
};

/** Fields of the key itself, by type. */
const KEY_FIELDS: Readonly<Record<string, number>> = {
  "ssh-ed25519-cert-v01@openssh.com": 1,
  "ecdsa-sha2-nistp256-cert-v01@openssh.com": 2,
  "sk-ssh-ed25519-cert-v01@openssh.com": 2,
};

/** Reads a line `TYPE BASE64`. @throws RangeError where bytes are missing, TypeError for another type */
export function readSshCertificate(line: string): SshCertificateFields {
  let rest = Buffer.from(line.split(" ")[1] ?? "", "base64");
  const take = (length: number): Buffer => {
    if (length > rest.length) throw new RangeError("cut short");
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  };
  const string = (): Buffer => take(take(4).readUInt32BE());
  const fields = KEY_FIELDS[string().toString("latin1")];
  if (fields === undefined) throw new TypeError(line.slice(0, 64));
  string();
  const afterNonce = rest;
  for (let field = 0; field < fields; field += 1) string();
  // Serial and type.
  take(12);
  const keyId = string();
  const principals = splitStrings(string());
  // The validity.
  take(16);
  return { afterNonce, keyId, principals, criticalOptions: string(), extensions: string() };
}

function splitStrings(bytes: Buffer): readonly Buffer[] {
  if (bytes.length === 0) return [];
  const end = 4 + bytes.readUInt32BE();
  if (end > bytes.length) throw new RangeError("cut short");
  return [bytes.subarray(4, end), ...splitStrings(bytes.subarray(end))];
}
