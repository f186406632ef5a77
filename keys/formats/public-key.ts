import type { KeyKind } from "../../policy/decision.ts";
import { type DerReader, readDer, TAG } from "./der-reader.ts";
import { derBitString, derOid, derSequence } from "./der-writer.ts";
import { pointLength, type Curve } from "./elliptic-curve.ts";
import { asKeyError, KeyError } from "./format-error.ts";
import { checkMaterial, kindOf, type KeyMaterial } from "./key-material.ts";
import { OID } from "./object-identifiers.ts";

/** A public key out of a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). */
export type PublicKey = {
  readonly kind: KeyKind;
  /** The SubjectPublicKeyInfo as it was read, DER. */
  readonly spki: Buffer;
  /** Content of its BIT STRING, what key identifiers are hashes of. */
  readonly bits: Buffer;
  readonly material: KeyMaterial;
};

/**
 * Parses a SubjectPublicKeyInfo and refuses keys that are unsafe: point not on its curve, small
 * order, RSA outside 2048 to 4096 bits or of weak numbers.
 *
 * @throws KeyError
 */
export function parsePublicKey(spki: Buffer): PublicKey {
  const key = readPublicKey(spki);
  checkMaterial(key.material);
  return key;
}

/**
 * Parses a SubjectPublicKeyInfo by its form alone, for keys that something else proves to be sound
 * (a signature that verifies, a certificate of ours).
 *
 * @throws KeyError when it is not strict DER of an accepted kind.
 */
export function readPublicKey(spki: Buffer): PublicKey {
  const known = FIXED_FORMS.find(({ prefix, length }) => {
    return spki.length === prefix.length + length && spki.indexOf(prefix) === 0;
  });
  if (known === undefined) return asKeyError("public key", () => readOther(spki));
  const bits = spki.subarray(known.prefix.length);
  const material = known.materialOf(bits);
  return { kind: kindOf(material), spki, bits, material };
}

type FixedForm = {
  readonly prefix: Buffer;
  readonly length: number;
  readonly materialOf: (bits: Buffer) => KeyMaterial;
};

const P256 = "2a8648ce3d030107";
const P384 = "2b81040022";

/** Elliptic keys have one encoding each, up to the point (RFC 5480 §2.1.1, RFC 8410 §4). */
const FIXED_FORMS: readonly FixedForm[] = [
  curveForm("P-256", P256),
  curveForm("P-384", P384),
  {
    ...prefixOf(derSequence(derOid(OID.ed25519)), 32),
    materialOf: (point) => ({ type: "ed25519", point }),
  },
];

function curveForm(curve: Curve, oid: string): FixedForm {
  const length = pointLength(curve);
  return {
    ...prefixOf(derSequence(derOid(OID.ecPublicKey), derOid(oid)), length),
    materialOf(point) {
      if (point[0] === 4) return { type: "ec", curve, point };
      throw new KeyError("key.malformed", `point of ${curve} is not in uncompressed form`);
    },
  };
}

function prefixOf(algorithm: Buffer, length: number): { prefix: Buffer; length: number } {
  const whole = derSequence(algorithm, derBitString(Buffer.alloc(length)));
  return { prefix: whole.subarray(0, -length), length };
}

function readOther(spki: Buffer): PublicKey {
  return readDer(spki, TAG.sequence, (info) => {
    info.enter(TAG.sequence, readRsaAlgorithm);
    const bits = info.bitString();
    const material = readDer(bits, TAG.sequence, readRsaNumbers);
    return { kind: kindOf(material), spki, bits, material };
  });
}

function readRsaAlgorithm(algorithm: DerReader): void {
  const oid = algorithm.oid();
  if (oid === OID.rsaEncryption) {
    // RFC 3279 §2.3.1: parameters NULL
    if (algorithm.content(TAG.null).length === 0) return;
    throw new KeyError("key.malformed", "parameters of rsaEncryption are not NULL");
  }
  if (oid !== OID.ecPublicKey) {
    throw new KeyError("key.weak", "key is none of ECDSA P-256 or P-384, Ed25519 and RSA");
  }
  const curve = algorithm.next(TAG.oid) ? algorithm.oid() : "";
  throw curve === P256 || curve === P384
    ? new KeyError("key.malformed", "point is not in uncompressed form")
    : new KeyError("key.weak", "curve is neither P-256 nor P-384 by name");
}

function readRsaNumbers(numbers: DerReader): KeyMaterial {
  return { type: "rsa", modulus: numbers.unsigned(), exponent: numbers.unsigned() };
}
