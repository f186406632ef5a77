import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createSerials, serialBytes } from "../../../server/ledger/serial.ts";
import { NOW } from "./fixture.ts";

const COUNT = 100_000;

/** How often each bit is set. */
function countBits(serials: readonly string[], length: number): readonly number[] {
  const counts = Array.from({ length: length * 8 }, () => 0);
  for (const serial of serials) {
    for (const [index, byte] of serialBytes(serial).entries()) {
      for (let bit = 0; bit < 8; bit++) {
        const at = index * 8 + bit;
        counts[at] = (counts[at] ?? 0) + ((byte >> (7 - bit)) & 1);
      }
    }
  }
  return counts;
}

/** Seven standard deviations of a fair coin: one test in 10^11 fails by chance. */
const isFair = (count: number): boolean => Math.abs(count - COUNT / 2) < 7 * Math.sqrt(COUNT / 4);

test.for([
  { kind: "tls", length: 20, random: 128 },
  { kind: "ssh", length: 8, random: 64 },
] as const)("$kind serials are unique and have $random fair bits", ({ kind, length, random }) => {
  const draw = createSerials({ now: () => NOW, randomBytes })[kind];
  const serials = Array.from({ length: COUNT }, draw);
  expect(new Set(serials).size).toBe(COUNT);
  expect(serials.every((serial) => serial.length === length * 2)).toBe(true);
  expect(countBits(serials, length).filter(isFair)).toHaveLength(random);
});

describe("a TLS serial is a positive DER integer of 20 bytes", () => {
  test.for([
    0,
    1,
    0x00ff_ffff,
    0x0100_0000,
    NOW,
    0x7fff_ffff,
    0x8000_0000,
    0x8100_0000,
    2 ** 32 + 5,
  ])("at %d", (now) => {
    const serial = createSerials({ now: () => now, randomBytes: (n) => Buffer.alloc(n) }).tls();
    expect(serial).toMatch(/^(?:0[1-9a-f]|[1-7][0-9a-f])[0-9a-f]{38}$/);
  });
});

test("serials of a later second sort later", () => {
  let now = NOW;
  const { tls } = createSerials({ now: () => now++, randomBytes });
  const serials = Array.from({ length: 100 }, tls);
  expect([...serials].sort()).toEqual(serials);
});

test("no random byte is given out twice", () => {
  let next = 0;
  const source = (count: number): Buffer => {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count; at += 8) bytes.writeBigUInt64BE(BigInt(next++), at);
    return bytes;
  };
  const { ssh } = createSerials({ now: () => NOW, randomBytes: source });
  const serials = Array.from({ length: 3000 }, ssh);
  expect(serials.map((serial) => parseInt(serial, 16))).toEqual(serials.map((_, index) => index));
});
