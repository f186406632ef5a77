import { KeyError } from "./format-error.ts";

const MIN_EXPONENT = 65537n;
const MAX_EXPONENT = 2n ** 32n;
const MAX_PRIME = 751;
const FERMAT_ROUNDS = 100;

/**
 * Refuses RSA numbers that are known to be unsafe: even or small exponents, a modulus with a small
 * factor, with the structure of CVE-2017-15361 (ROCA), or of two primes that lie close together.
 *
 * @throws KeyError `key.weak`.
 */
export function checkRsa(modulus: Buffer, exponent: Buffer): void {
  checkExponent(BigInt(`0x${exponent.toString("hex")}`));
  const n = BigInt(`0x${modulus.toString("hex")}`);
  const residues = residuesOf(n);
  const factor = residues.find(({ residue }) => residue === 0);
  if (factor !== undefined) {
    throw new KeyError("key.weak", `RSA modulus is divisible by ${factor.prime}`);
  }
  if (isRoca(residues)) {
    throw new KeyError("key.weak", "RSA modulus has the structure of CVE-2017-15361 (ROCA)");
  }
  if (hasClosePrimes(n)) throw new KeyError("key.weak", "RSA primes are too close together");
}

function checkExponent(exponent: bigint): void {
  if (exponent % 2n === 0n) throw new KeyError("key.weak", `RSA exponent ${exponent} is even`);
  if (exponent >= MIN_EXPONENT && exponent < MAX_EXPONENT) return;
  throw new KeyError("key.weak", "RSA exponent is not between 65537 and 2^32");
}

type Residue = { readonly prime: number; readonly residue: number };

const PRIMES = primesUpTo(MAX_PRIME);

/** The remainder for every small prime, taking several primes in one division of the large number. */
function residuesOf(n: bigint): readonly Residue[] {
  const residues: Residue[] = [];
  for (let at = 0; at < PRIMES.length; at += 4) {
    const primes = PRIMES.slice(at, at + 4);
    const rest = Number(n % BigInt(primes.reduce((product, prime) => product * prime, 1)));
    for (const prime of primes) residues.push({ prime, residue: rest % prime });
  }
  return residues;
}

function primesUpTo(limit: number): readonly number[] {
  const numbers = Array.from({ length: limit - 1 }, (_, index) => index + 2);
  return numbers.filter((n) => numbers.every((d) => d * d > n || n % d !== 0));
}

/** Primes by which detectors of the weakness tell it ("The Return of Coppersmith's Attack", CCS 2017). */
const ROCA_PRIMES: ReadonlySet<number> = new Set([
  11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
]);

const rocaResidues = new Map(
  [...ROCA_PRIMES].map((prime) => [prime, powersOf65537(prime)] as const),
);

/** Whether the modulus is a power of 65537 modulo every prime of the fingerprint. */
const isRoca = (residues: readonly Residue[]): boolean =>
  residues.every(({ prime, residue }) => rocaResidues.get(prime)?.has(residue) ?? true);

function powersOf65537(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65537) % prime) powers.add(power);
  return powers;
}

/** Fermat's method: n = a² − b² with a near the root of n. */
function hasClosePrimes(n: bigint): boolean {
  let a = squareRoot(n);
  if (a * a < n) a += 1n;
  for (let round = 0; round < FERMAT_ROUNDS; round += 1, a += 1n) {
    if (isSquare(a * a - n)) return true;
  }
  return false;
}

/** Squares end in 0, 1, 4 or 9 in base 16, which spares most roots; then modulo 3, 5, 7 and 11. */
function isSquare(n: bigint): boolean {
  if (![0, 1, 4, 9].includes(Number(n & 15n))) return false;
  const rest = Number(n % 45045n);
  if (!SQUARES_BELOW_45045.has(rest)) return false;
  const root = squareRoot(n);
  return root * root === n;
}

const SQUARES_BELOW_45045: ReadonlySet<number> = new Set(
  Array.from({ length: 45045 }, (_, index) => (index * index) % 45045),
);

/** The integer part of the root, by Newton's method from above. */
function squareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let guess = 1n << BigInt((n.toString(16).length * 4 + 2) >> 1);
  for (;;) {
    const next = (guess + n / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}
