import {
  createPrivateKey,
  generateKeyPairSync,
  sign,
  createPublicKey,
  type KeyObject,
} from "node:crypto";
import { formatRequest } from "../../keys/formats/certificate-request.ts";
import { MADE_KEYS, type MadeKey } from "../recipe/recipe.ts";

const RSA_BITS = { "rsa-2048": 2048, "rsa-3072": 3072, "rsa-4096": 4096 } as const;

/** Makes a private key. */
export function makeKey(kind: MadeKey): KeyObject {
  switch (kind) {
    case "ecdsa-p256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    case "ecdsa-p384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
    case "ed25519":
      return generateKeyPairSync("ed25519").privateKey;
    case "rsa-2048":
    case "rsa-3072":
    case "rsa-4096":
      return generateKeyPairSync("rsa", { modulusLength: RSA_BITS[kind] }).privateKey;
  }
}

/** What a recipe wants where the authority takes it, else the authority's best that can be made here. */
export function chooseKind(
  wanted: MadeKey | undefined,
  offered: readonly string[] | undefined,
): MadeKey {
  if (offered === undefined) return wanted ?? "ecdsa-p256";
  if (wanted !== undefined && offered.includes(wanted)) return wanted;
  const kinds = offered.flatMap((name) => MADE_KEYS.filter((kind) => kind === name));
  return kinds[0] ?? wanted ?? "ecdsa-p256";
}

/** A private key as PKCS#8 PEM. */
export const formatKey = (key: KeyObject): string =>
  key.export({ type: "pkcs8", format: "pem" }).toString();

/** Undoes {@link formatKey}; undefined when the text is no usable private key. */
export function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** The SubjectPublicKeyInfo that belongs to a private key, DER. */
export const publicPart = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ type: "spki", format: "der" });

/** A request for a certificate (PKCS#10, PEM) that carries the key and its proof, and no name. */
export const requestFor = (key: KeyObject): string =>
  formatRequest(publicPart(key), (signed, digest) =>
    sign(digest === "none" ? null : digest, signed, key),
  );
