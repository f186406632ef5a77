import { type DerReader, TAG } from "./der-reader.ts";
import { derOid, derSequence } from "./der-writer.ts";
import { FormatError } from "./format-error.ts";

/** Hash that goes before the signature; Ed25519 has none of its own choosing. */
export type SignatureHash = "sha256" | "sha384" | "sha512" | "none";

/** Family of key that can make a signature. */
export type SignatureFamily = "ec" | "rsa" | "ed25519";

/** A way to sign X.509 structures, and its one encoding. */
export type SignatureAlgorithm = {
  readonly family: SignatureFamily;
  readonly hash: SignatureHash;
  /** AlgorithmIdentifier, DER. */
  readonly identifier: Buffer;
};

const algorithm = (
  family: SignatureFamily,
  hash: SignatureHash,
  oid: string,
  ...parameters: readonly Buffer[]
): SignatureAlgorithm => ({ family, hash, identifier: derSequence(derOid(oid), ...parameters) });

const NULL = Buffer.of(TAG.null, 0);

/** Every algorithm that is accepted or made. SHA-1, MD5 and PSS are not among them. */
const ALGORITHMS: readonly SignatureAlgorithm[] = [
  // RFC 5758 §3.2: parameters absent
  algorithm("ec", "sha256", "2a8648ce3d040302"),
  algorithm("ec", "sha384", "2a8648ce3d040303"),
  algorithm("ec", "sha512", "2a8648ce3d040304"),
  // RFC 8410 §3: parameters absent
  algorithm("ed25519", "none", "2b6570"),
  // RFC 4055 §5: parameters NULL
  algorithm("rsa", "sha256", "2a864886f70d01010b", NULL),
  algorithm("rsa", "sha384", "2a864886f70d01010c", NULL),
  algorithm("rsa", "sha512", "2a864886f70d01010d", NULL),
];

/** The algorithm for a family and hash. */
export function findAlgorithm(family: SignatureFamily, hash: SignatureHash): SignatureAlgorithm {
  const found = ALGORITHMS.find((each) => each.family === family && each.hash === hash);
  if (found === undefined) throw new TypeError(`no signature algorithm: ${family} with ${hash}`);
  return found;
}

/** Reads an AlgorithmIdentifier of a signature; only what we know, in its one encoding. */
export function readAlgorithm(reader: DerReader): SignatureAlgorithm {
  const identifier = reader.element(TAG.sequence);
  const found = ALGORITHMS.find((each) => each.identifier.equals(identifier));
  if (found !== undefined) return found;
  throw new FormatError(
    "signature algorithm is none of ECDSA or RSA PKCS#1 with SHA-256, SHA-384 or SHA-512, and Ed25519",
  );
}
