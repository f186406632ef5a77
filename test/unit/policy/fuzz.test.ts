import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Reading } from "../../../policy/decision.ts";
import { formatPolicy } from "../../../policy/format/format.ts";
import { readPolicy } from "../../../policy/read.ts";
import { formatDiagnostic } from "../../../policy/render.ts";
import { codesOf, edit, EXAMPLE } from "./example.ts";
import { sayings } from "./sayings.ts";
import { editToken } from "./token-edits.ts";

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

/** Some tokens are others: still much like a policy. */
const retyped = fc
  .array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 3 })
  .map((edits) => edits.reduce((text, [token, kind]) => editToken(text, token, kind), EXAMPLE));

const text = fc.oneof(flipped, moved, retyped, fc.string({ unit: "binary", maxLength: 200 }));

/** Texts for each property. A longer run, with new ones: `POLICY_RUNS=20000 vitest run test/unit/policy/fuzz.test.ts`. */
const LONGER = process.env["POLICY_RUNS"];
const RUNS = { numRuns: Number(LONGER ?? 150), ...(LONGER === undefined && { seed: 20_261_121 }) };
const TIME = { timeout: 120_000 + RUNS.numRuns * 500 };

/** What must hold of any text, with the policy that it is when it is one. */
function checkReading(input: string, read: (text: string) => Reading): void {
  const { policy, diagnostics } = read(input);
  expect(policy === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
  expect(diagnostics.length).toBeLessThanOrEqual(100);
  for (const diagnostic of diagnostics) formatDiagnostic(diagnostic, () => input);
  const formatted = formatPolicy(input);
  if (formatted === undefined) return;
  expect(formatPolicy(formatted)).toBe(formatted);
  const again = read(formatted);
  const codes = (reading: Reading) => reading.diagnostics.map(({ code }) => code).sort();
  expect(codes(again)).toEqual(codes({ diagnostics }));
  expect(again.policy && sayings(again.policy)).toBe(policy && sayings(policy));
}

test("no bytes make the reader or the formatter throw, and a layout changes nothing", TIME, () => {
  const property = fc.property(text, (input) => {
    checkReading(input, (policy) => readPolicy(policy, { file: "p" }));
  });
  fc.assert(property, RUNS);
});

const INVENTORY = EXAMPLE.slice(EXAMPLE.indexOf("\nnodes:") + 1, EXAMPLE.indexOf("\npeople:") + 1);
const INCLUDING = edit(EXAMPLE, INVENTORY, "include: inventory.yaml\n\n");

test("nor do those of an inventory", TIME, () => {
  const inventory = fc.oneof(
    fc.tuple(fc.nat(), fc.nat()).map(([token, kind]) => editToken(INVENTORY, token, kind)),
    fc
      .tuple(fc.nat(INVENTORY.length), fc.string({ unit: "binary", maxLength: 3 }))
      .map(([at, piece]) => INVENTORY.slice(0, at) + piece + INVENTORY.slice(at + 1)),
  );
  const property = fc.property(inventory, (input) => {
    checkReading(input, (include) => readPolicy(INCLUDING, { file: "p", include: () => include }));
  });
  expect(readPolicy(INCLUDING, { file: "p", include: () => INVENTORY }).diagnostics).toEqual([]);
  fc.assert(property, RUNS);
});

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
