import type { KeyKind } from "../../policy/decision.ts";
import { isOnCurve, type Curve } from "./elliptic-curve.ts";
import { checkEd25519 } from "./ed25519-point.ts";
import { KeyError } from "./format-error.ts";
import { checkRsa } from "./rsa-strength.ts";

/** The numbers of a public key, the same for X.509 and SSH. */
export type KeyMaterial =
  /** `point` is 0x04, x, y. */
  | { readonly type: "ec"; readonly curve: Curve; readonly point: Buffer }
  | { readonly type: "ed25519"; readonly point: Buffer; readonly securityKey?: true }
  /** Big-endian magnitudes without leading zeros. */
  | { readonly type: "rsa"; readonly modulus: Buffer; readonly exponent: Buffer };

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 4096;

/**
 * The kind of a key, as policies spell it. An RSA key counts as the largest kind that it reaches.
 *
 * @throws KeyError `key.weak` when RSA is outside 2048 to 4096 bits.
 */
export function kindOf(material: KeyMaterial): KeyKind {
  if (material.type === "rsa") return rsaKind(bitLength(material.modulus));
  if (material.type === "ed25519") return material.securityKey ? "ed25519-sk" : "ed25519";
  return material.curve === "P-256" ? "ecdsa-p256" : "ecdsa-p384";
}

/** @throws KeyError `key.weak` when the numbers make no safe key of their type. */
export function checkMaterial(material: KeyMaterial): void {
  switch (material.type) {
    case "ec":
      if (isOnCurve(material.curve, material.point)) return;
      throw new KeyError("key.weak", `the point is not on the curve ${material.curve}`);
    case "ed25519":
      return checkEd25519(material.point);
    case "rsa":
      return checkRsa(material.modulus, material.exponent);
  }
}

function rsaKind(bits: number): KeyKind {
  if (bits < MIN_RSA_BITS) {
    throw new KeyError("key.weak", `RSA key of ${bits} bits is shorter than ${MIN_RSA_BITS}`);
  }
  if (bits > MAX_RSA_BITS) {
    throw new KeyError("key.weak", `RSA key of ${bits} bits is longer than ${MAX_RSA_BITS}`);
  }
  if (bits >= 4096) return "rsa-4096";
  return bits >= 3072 ? "rsa-3072" : "rsa-2048";
}

const bitLength = (magnitude: Buffer): number =>
  magnitude.length * 8 - Math.clz32(magnitude[0] ?? 0) + 24;
