import { KeyError } from "./format-error.ts";

const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** y of the points whose order divides 8, little-endian, sign bit cleared: orders 4, 1, 2, 8 and 8. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  `ec${"ff".repeat(30)}7f`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);

/**
 * Refuses Ed25519 keys of small order, under which signatures verify for anyone, and encodings
 * that are not canonical (RFC 8032 §5.1.3). Cheap; {@link isEd25519Point} is the rest.
 *
 * @throws KeyError `key.weak`, or `key.malformed` for a wrong length.
 */
export function checkEd25519(point: Buffer): void {
  if (point.length !== 32) {
    throw new KeyError("key.malformed", `Ed25519 key has ${point.length} bytes, not 32`);
  }
  const y = Buffer.from(point);
  y.writeUInt8(y.readUInt8(31) & 0x7f, 31);
  if (SMALL_ORDER.has(y.toString("hex"))) {
    throw new KeyError("key.weak", "Ed25519 key is a point of small order");
  }
  if (decode(y) >= P) throw new KeyError("key.malformed", "Ed25519 key is not canonical");
}

/**
 * Whether 32 bytes name a point of the curve (RFC 8032 §5.1.3); half of all strings do not, and
 * nobody can sign for those. Costs about 50 µs: where a proof of possession is checked, that tells
 * it too.
 */
export function isEd25519Point(point: Buffer): boolean {
  const masked = Buffer.from(point);
  masked.writeUInt8(masked.readUInt8(31) & 0x7f, 31);
  const square = decode(masked) ** 2n % P;
  // x² = (y² − 1) / (d y² + 1) has a root exactly when their product is a square (Euler's criterion).
  const product = ((square - 1n + P) * (D * square + 1n)) % P;
  return product === 0n || powerOfHalf(product) === 1n;
}

/** x to the power of (p − 1) / 2 = 2²⁵⁴ − 10, from the powers 2ⁿ − 1. */
function powerOfHalf(x: bigint): bigint {
  const ones2 = (square(x, 1) * x) % P;
  const ones4 = (square(ones2, 2) * ones2) % P;
  const ones5 = (square(ones4, 1) * x) % P;
  const ones10 = (square(ones5, 5) * ones5) % P;
  const ones20 = (square(ones10, 10) * ones10) % P;
  const ones40 = (square(ones20, 20) * ones20) % P;
  const ones50 = (square(ones40, 10) * ones10) % P;
  const ones100 = (square(ones50, 50) * ones50) % P;
  const ones200 = (square(ones100, 100) * ones100) % P;
  const ones250 = (square(ones200, 50) * ones50) % P;
  // 2²⁵⁴ − 10 = (2²⁵⁰ − 1) · 2⁴ + 6
  return (square(ones250, 4) * square(ones2, 1)) % P;
}

function square(x: bigint, times: number): bigint {
  let result = x;
  for (let done = 0; done < times; done += 1) result = (result * result) % P;
  return result;
}

const decode = (littleEndian: Buffer): bigint =>
  BigInt(`0x${Buffer.from(littleEndian).reverse().toString("hex")}`);
