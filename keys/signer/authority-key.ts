import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { SignerError } from "./signer-error.ts";

/** Kinds of key that a TLS authority can have; SSH authorities take `ecdsa-p256` and `ed25519`. */
export type AuthorityKeyKind = "ecdsa-p256" | "ecdsa-p384" | "ed25519" | "rsa-3072";

type KeyPair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

const MAKERS: Readonly<Record<AuthorityKeyKind, () => KeyPair>> = {
  "ecdsa-p256": () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "ecdsa-p384": () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ed25519: () => generateKeyPairSync("ed25519"),
  "rsa-3072": () => generateKeyPairSync("rsa", { modulusLength: 3072 }),
};

/** Whether a kind of key is one that an authority can have. */
export const isAuthorityKeyKind = (kind: string): kind is AuthorityKeyKind =>
  Object.hasOwn(MAKERS, kind);

/** Makes a new key pair. */
export const generateAuthorityKey = (kind: AuthorityKeyKind): KeyPair => MAKERS[kind]();

/** Encrypted PKCS#8 (RFC 5958 §3) in PEM: PBES2 with AES-256. */
export function sealKey(privateKey: KeyObject, secret: Buffer): string {
  if (secret.length === 0) throw new SignerError("seal.wrong", "the sealing secret is empty");
  const sealed = {
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: secret,
  } as const;
  return privateKey.export(sealed).toString();
}

/**
 * Opens what {@link sealKey} sealed. A key that is not sealed is refused.
 *
 * @throws SignerError `seal.wrong` or `authority.damaged`, naming the file.
 */
export function openKey(pem: string, secret: Buffer, file: string): KeyObject {
  if (!pem.startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")) {
    throw new SignerError("authority.damaged", `${file}: not an encrypted PKCS#8 key in PEM`);
  }
  try {
    return createPrivateKey({ key: pem, format: "pem", passphrase: secret });
  } catch (cause) {
    const message = `${file}: the sealing secret does not open this key (or the file is damaged)`;
    throw new SignerError("seal.wrong", message, { cause });
  }
}
