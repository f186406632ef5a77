/** Curves that keys may be on (FIPS 186-5, SP 800-186 §3.2.1). */
export type Curve = "P-256" | "P-384";

type Parameters = { readonly size: number; readonly p: bigint; readonly b: bigint };

const CURVES: Readonly<Record<Curve, Parameters>> = {
  "P-256": {
    size: 32,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  "P-384": {
    size: 48,
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
};

/** Octets of an uncompressed point, its leading 0x04 included. */
export const pointLength = (curve: Curve): number => 1 + 2 * CURVES[curve].size;

/** Whether an uncompressed point satisfies y² = x³ − 3x + b with both coordinates below p (SEC 1 §3.2.2.1). */
export function isOnCurve(curve: Curve, point: Buffer): boolean {
  const { size, p, b } = CURVES[curve];
  if (point.length !== 1 + 2 * size || point[0] !== 4) return false;
  const x = BigInt(`0x${point.toString("hex", 1, 1 + size)}`);
  const y = BigInt(`0x${point.toString("hex", 1 + size)}`);
  return x < p && y < p && (y * y - (x * x - 3n) * x - b) % p === 0n;
}
