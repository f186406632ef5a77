import { type DerReader, readDer, TAG } from "./der-reader.ts";
import { derBitString, derElement, derSequence, derUnsigned } from "./der-writer.ts";
import { asKeyError, KeyError } from "./format-error.ts";
import type { KeyMaterial } from "./key-material.ts";
import { formatPem, parsePem } from "./pem.ts";
import { parsePublicKey, readPublicKey, type PublicKey } from "./public-key.ts";
import {
  findAlgorithm,
  readAlgorithm,
  type SignatureAlgorithm,
  type SignatureHash,
} from "./signature-algorithm.ts";

const LABEL = "CERTIFICATE REQUEST";
const ATTRIBUTES = 0xa0;

/** What counts in a request for a certificate (PKCS#10, RFC 2986): its key, and the proof that it is held. */
export type CertificateRequest = {
  readonly key: PublicKey;
  /** CertificationRequestInfo, DER. */
  readonly signed: Buffer;
  readonly signature: Buffer;
  readonly hash: SignatureHash;
};

/**
 * Parses a request and checks its key, but not its signature. Subject and attributes must be
 * well-formed and have no effect.
 *
 * @throws KeyError
 */
export function parseRequest(pem: string): CertificateRequest {
  return asKeyError("certificate request", () =>
    readDer(parsePem(LABEL, pem), TAG.sequence, (request) => {
      const signed = request.element(TAG.sequence);
      const key = parsePublicKey(readDer(signed, TAG.sequence, readKeyOf));
      const { family, hash } = readAlgorithm(request);
      const signature = request.bitString();
      if (family === key.material.type) return { key, signed, signature, hash };
      throw new KeyError("key.malformed", `signature algorithm does not fit a key of ${key.kind}`);
    }),
  );
}

/**
 * The SubjectPublicKeyInfo inside a CertificationRequestInfo (RFC 2986 §4.1).
 *
 * @throws KeyError when it is none.
 */
export const requestedKey = (signed: Buffer): Buffer =>
  asKeyError("certificate request", () => readDer(signed, TAG.sequence, readKeyOf));

function readKeyOf(info: DerReader): Buffer {
  const version = info.unsigned();
  if (version.length !== 1 || version[0] !== 0) {
    throw new KeyError("key.malformed", "version of the certificate request is not 0");
  }
  info.enter(TAG.sequence, skipAll);
  const spki = info.element(TAG.sequence);
  info.enter(ATTRIBUTES, skipAll);
  return spki;
}

function skipAll(reader: DerReader): void {
  while (!reader.done) reader.skip();
}

/**
 * Builds a request that carries a key and nothing else. `sign` is given the bytes and the hash, and
 * answers with the signature (DER for ECDSA).
 *
 * @throws KeyError when `spki` is not an accepted key.
 */
export function formatRequest(
  spki: Buffer,
  sign: (signed: Buffer, hash: SignatureHash) => Uint8Array,
): string {
  const { material } = readPublicKey(spki);
  const { identifier, hash } = algorithmFor(material);
  const version = derUnsigned(Buffer.of(0));
  const signed = derSequence(version, derSequence(), spki, derElement(ATTRIBUTES));
  const signature = derBitString(sign(signed, hash));
  return formatPem(LABEL, derSequence(signed, identifier, signature));
}

/** The algorithm with which a key of this material signs certificates and requests. */
export function algorithmFor(material: KeyMaterial): SignatureAlgorithm {
  if (material.type === "ed25519") return findAlgorithm("ed25519", "none");
  const strong = material.type === "ec" && material.curve === "P-384";
  return findAlgorithm(material.type, strong ? "sha384" : "sha256");
}
