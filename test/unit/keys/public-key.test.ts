import { createECDH, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TAG } from "../../../keys/formats/der-reader.ts";
import {
  derBitString,
  derOid,
  derSequence,
  derUnsigned,
} from "../../../keys/formats/der-writer.ts";
import { isEd25519Point } from "../../../keys/formats/ed25519-point.ts";
import { KeyError } from "../../../keys/formats/format-error.ts";
import { OID } from "../../../keys/formats/object-identifiers.ts";
import { parsePublicKey } from "../../../keys/formats/public-key.ts";
import { makeKey, TEST_KINDS } from "./key-fixtures.ts";

const keys = new Map(TEST_KINDS.map((kind) => [kind, makeKey(kind)] as const));
const spkiOf = (kind: (typeof TEST_KINDS)[number]): Buffer =>
  keys.get(kind)?.spki ?? Buffer.alloc(0);

test.for(TEST_KINDS)("accepts %s", (kind) => {
  const key = parsePublicKey(spkiOf(kind));
  expect(key.kind).toBe(kind);
  expect(key.spki).toEqual(spkiOf(kind));
});

const codeOf = (spki: Buffer): string => {
  try {
    return `accepted ${parsePublicKey(spki).kind}`;
  } catch (error) {
    return error instanceof KeyError ? error.code : `threw ${String(error)}`;
  }
};

const flip = (bytes: Buffer, at: number, mask = 1): Buffer => {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy.writeUInt8(copy.readUInt8(index) ^ mask, index);
  return copy;
};

describe("elliptic curves", () => {
  const p256 = spkiOf("ecdsa-p256");
  const prefix = p256.subarray(0, 26);
  // (0, y) is on the curve; so would (p + 0, y) be for who does not look.
  const X_PLUS_P = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
  const Y = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
  test.for([
    ["a point beside the curve", "key.weak", flip(p256, -1)],
    [
      "a point of another key's halves",
      "key.weak",
      Buffer.concat([p256.subarray(0, 59), makeKey("ecdsa-p256").spki.subarray(59)]),
    ],
    ["the point (0, 0)", "key.weak", Buffer.concat([prefix, Buffer.of(4), Buffer.alloc(64)])],
    [
      "a coordinate not below p",
      "key.weak",
      Buffer.concat([prefix, Buffer.of(4), Buffer.from(X_PLUS_P + Y, "hex")]),
    ],
    [
      "infinity",
      "key.malformed",
      derSequence(
        derSequence(derOid(OID.ecPublicKey), derOid("2a8648ce3d030107")),
        derBitString(Buffer.of(0)),
      ),
    ],
    ["a compressed point", "key.malformed", compressed()],
    ["a hybrid point", "key.malformed", flip(p256, 26, 4 ^ 6)],
    ["secp256k1", "key.weak", foreign("secp256k1")],
    ["P-521", "key.weak", foreign("P-521")],
    ["P-224", "key.weak", foreign("P-224")],
    ["a byte behind", "key.malformed", Buffer.concat([p256, Buffer.of(0)])],
    ["a byte less", "key.malformed", p256.subarray(0, -1)],
    ["nothing", "key.malformed", Buffer.alloc(0)],
  ] as const)("refuses %s", ([, code, spki]) => expect(codeOf(spki)).toBe(code));

  function compressed(): Buffer {
    const ecdh = createECDH("prime256v1");
    const point = Buffer.from(ecdh.generateKeys("hex", "compressed"), "hex");
    return derSequence(
      derSequence(derOid(OID.ecPublicKey), derOid("2a8648ce3d030107")),
      derBitString(point),
    );
  }

  function foreign(namedCurve: string): Buffer {
    return generateKeyPairSync("ec", { namedCurve }).publicKey.export({
      type: "spki",
      format: "der",
    });
  }
});

describe("Ed25519", () => {
  const prefix = spkiOf("ed25519").subarray(0, 12);
  const withPoint = (hex: string): Buffer => Buffer.concat([prefix, Buffer.from(hex, "hex")]);
  test.for([
    ["order 4", "key.weak", "00".repeat(32)],
    ["order 4, other sign", "key.weak", `${"00".repeat(31)}80`],
    ["the neutral element", "key.weak", `01${"00".repeat(31)}`],
    ["order 2", "key.weak", `ec${"ff".repeat(30)}7f`],
    ["order 8", "key.weak", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    [
      "order 8, other sign",
      "key.weak",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ],
    ["y = p", "key.malformed", `ed${"ff".repeat(30)}7f`],
    ["y = p + 3", "key.malformed", `f0${"ff".repeat(31)}`],
  ] as const)("refuses %s", ([, code, hex]) => expect(codeOf(withPoint(hex))).toBe(code));

  test("refuses X25519, whose keys look alike", () => {
    const { publicKey } = generateKeyPairSync("x25519");
    expect(codeOf(publicKey.export({ type: "spki", format: "der" }))).toBe("key.weak");
  });

  test("tells points from strings that name none", () => {
    for (let round = 0; round < 20; round += 1) {
      expect(isEd25519Point(makeKey("ed25519").spki.subarray(12))).toBe(true);
    }
    // y = 2 has no x (RFC 8032 §5.1.3)
    expect(isEd25519Point(Buffer.from(`02${"00".repeat(31)}`, "hex"))).toBe(false);
  });
});

describe("RSA", () => {
  const good = spkiOf("rsa-2048");
  const modulus = good.subarray(33, 33 + 256);
  const rsa = (n: Buffer, e: Buffer, parameters = Buffer.of(TAG.null, 0)): Buffer =>
    derSequence(
      derSequence(derOid(OID.rsaEncryption), parameters),
      derBitString(derSequence(derUnsigned(n), derUnsigned(e))),
    );
  const F4 = Buffer.of(1, 0, 1);
  const bits = (modulusLength: number): Buffer =>
    generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ type: "spki", format: "der" });
  const fromBig = (n: bigint): Buffer => Buffer.from(n.toString(16).padStart(512, "0"), "hex");

  test("the parts below make a good key", () => expect(rsa(modulus, F4)).toEqual(good));

  test.for([
    ["1024 bits", "key.weak", bits(1024)],
    ["2047 bits", "key.weak", rsa(flip(modulus, 0, modulus.readUInt8(0) ^ 0x7f), F4)],
    ["more than 4096 bits", "key.weak", rsa(Buffer.concat([modulus, modulus, Buffer.of(1)]), F4)],
    ["exponent 1", "key.weak", rsa(modulus, Buffer.of(1))],
    ["exponent 3", "key.weak", rsa(modulus, Buffer.of(3))],
    ["an even exponent", "key.weak", rsa(modulus, Buffer.of(1, 0, 2))],
    ["exponent 2^32 + 1", "key.weak", rsa(modulus, Buffer.of(1, 0, 0, 0, 1))],
    ["an even modulus", "key.weak", rsa(flip(modulus, -1), F4)],
    ["a factor 751", "key.weak", rsa(fromBig((1n << 2047n) + 751n - ((1n << 2047n) % 751n)), F4)],
    [
      "primes close together",
      "key.weak",
      rsa(fromBig((2n ** 1024n - 105n) * (2n ** 1024n - 179n)), F4),
    ],
    ["ROCA", "key.weak", rsa(fromBig(rocaModulus()), F4)],
    ["no parameters", "key.malformed", rsa(modulus, F4, Buffer.alloc(0))],
    [
      "a negative modulus",
      "key.malformed",
      derSequence(
        derSequence(derOid(OID.rsaEncryption), Buffer.of(TAG.null, 0)),
        derBitString(
          derSequence(Buffer.concat([Buffer.from("02820100", "hex"), modulus]), derUnsigned(F4)),
        ),
      ),
    ],
    ["RSA-PSS's own identifier", "key.weak", rsaPss()],
  ] as const)("refuses %s", ([, code, spki]) => expect(codeOf(spki)).toBe(code));

  function rsaPss(): Buffer {
    const { publicKey } = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
    return publicKey.export({ type: "spki", format: "der" });
  }

  /** A number that is a power of 65537 modulo the product of the first 126 primes, as ROCA's moduli are. */
  function rocaModulus(): bigint {
    const small = Array.from({ length: 166 }, (_, index) => BigInt(index + 2)).filter((n) =>
      Array.from({ length: 12 }, (_, index) => BigInt(index + 2)).every(
        (d) => d >= n || n % d !== 0n,
      ),
    );
    const product = small.reduce((all, prime) => all * prime, 1n);
    const base = (1n << 2047n) - ((1n << 2047n) % product) + product;
    const candidates = Array.from(
      { length: 200 },
      (_, index) => base + product * BigInt(index) + (65537n ** 7n % product),
    );
    const primes = Array.from({ length: 750 }, (_, index) => BigInt(index + 2));
    return candidates.find((n) => primes.every((prime) => n % prime !== 0n)) ?? 0n;
  }
});

test("random bytes, and good keys with one byte changed, are never accepted as another key", () => {
  const byte = fc.nat(255);
  const property = fc.property(
    fc.constantFrom(...TEST_KINDS.slice(0, 3)),
    fc.nat(25),
    byte,
    (kind, at, value) => {
      const good = spkiOf(kind);
      const changed = Buffer.from(good);
      changed.writeUInt8(value, Math.min(at, 11));
      if (!changed.equals(good)) expect(codeOf(changed)).toMatch(/^key\./);
    },
  );
  fc.assert(property, { numRuns: 500 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 128 }), (random) => {
      expect(codeOf(Buffer.from(random))).toMatch(/^key\./);
    }),
  );
});
