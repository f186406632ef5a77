import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readPolicy } from "../../../policy/read.ts";
import { formatPolicy } from "../../../policy/format/format.ts";
import { codesOf, EXAMPLE } from "./example.ts";

const bytes = new TextEncoder().encode(EXAMPLE);

/** One byte of the example is another. */
const flipped = fc
  .tuple(fc.nat(bytes.length - 1), fc.nat(255))
  .map(([at, byte]) =>
    new TextDecoder().decode(bytes.map((old, index) => (index === at ? byte : old))),
  );

/** A piece of the example is somewhere else. */
const moved = fc
  .tuple(fc.nat(EXAMPLE.length), fc.nat(60), fc.nat(EXAMPLE.length))
  .map(
    ([from, length, to]) =>
      EXAMPLE.slice(0, to) + EXAMPLE.slice(from, from + length) + EXAMPLE.slice(to),
  );

const text = fc.oneof(flipped, moved, fc.string({ unit: "binary", maxLength: 200 }));

test(
  "no bytes make the reader or the formatter throw, and a layout never changes a verdict",
  { timeout: 120_000 },
  () => {
    const property = fc.property(text, (input) => {
      const { policy, diagnostics } = readPolicy(input, { file: "p" });
      expect(policy === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
      const formatted = formatPolicy(input);
      if (formatted === undefined) return;
      expect(formatPolicy(formatted)).toBe(formatted);
      expect([...codesOf(formatted)].sort()).toEqual([...codesOf(input)].sort());
    });
    fc.assert(property, { numRuns: 150, seed: 20_261_121 });
  },
);

/** Each is refused by its tokens, before anything is built from them (CASES 48). */
describe("hostile YAML", () => {
  const bomb = [
    "a: &a [x, x]",
    ..."bcdefghij".split("").map((name, index) => {
      const before = "abcdefghi"[index] ?? "";
      return `${name}: &${name} [*${before}, *${before}, *${before}, *${before}]`;
    }),
  ].join("\n");
  test.each([
    ["a bomb of aliases", bomb, "E103"],
    ["an anchor", "keysystem: &v policy/v1", "E103"],
    ["code", "keysystem: !!js/function 'function () {}'", "E103"],
    ["a merge key", "keysystem: policy/v1\n<<: { a: b }", "E103"],
    ["a tab", "keysystem:\tpolicy/v1", "E101"],
    ["a key twice", "keysystem: policy/v1\nkeysystem: policy/v1", "E102"],
    ["a million brackets", "a: ".concat("[".repeat(500_000)), "E101"],
    ["a million keys", "? ".repeat(400_000), "E101"],
    ["a deep indentation", `a:\n${" ".repeat(5000)}b: c`, "E101"],
    ["a million entries", `a: [${"b,".repeat(300_000)}]`, "E101"],
    ["a gigabyte", "#".repeat(1024 * 1024 + 1), "E101"],
    ["a byte order mark in the middle", "a\ufeff: b", "E110"],
  ])("%s is refused once", (_, input, code) => {
    expect(codesOf(input)[0]).toBe(code);
    expect(codesOf(input).length).toBeLessThanOrEqual(2);
  });
});
