import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatEntry, MAX_TEXT, quote } from "../../../server/log/entry.ts";

const PRINTABLE = /^[ -~]*$/;

describe("an entry", () => {
  test("begins with its time and event, and has the rest by name", () => {
    const line = formatEntry({ zone: 1, at: 5, alpha: "x", event: "node.removed", by: undefined });
    expect(line).toBe('{"at":5,"event":"node.removed","alpha":"x","zone":1}');
  });

  test.for([
    ["a line feed", "a\nb", "a\\nb"],
    ["a carriage return", "a\rb", "a\\rb"],
    ["an escape", "\u001b[31m", "\\u001b[31m"],
    ["a NUL", "\0", "\\u0000"],
    ["delete", "\u007f", "\\u007f"],
    ["a C1 control", "\u0085", "\\u0085"],
    ["a line separator", "\u2028", "\\u2028"],
    ["right-to-left override", "\u202egpj", "\\u202egpj"],
    ["a Cyrillic letter", "\u0430dmin", "\\u0430dmin"],
    ["a lone surrogate", "\ud800", "\\ud800"],
    ["a quote and a backslash", '"\\', '\\"\\\\'],
  ] as const)("escapes %s", ([, text, want]) => {
    expect(quote(text)).toBe(`"${want}"`);
    expect(JSON.parse(quote(text))).toBe(text);
  });

  test("keeps the begin of a long text and counts the rest", () => {
    const line = formatEntry({ at: 1, event: "x", reason: "y".repeat(1024 * 1024) });
    expect(line.length).toBeLessThan(MAX_TEXT + 100);
    expect(line).toContain(`yyy... (${1024 * 1024 - MAX_TEXT} more characters)`);
    expect(quote("\n".repeat(1024 * 1024)).length).toBeLessThan(7 * MAX_TEXT);
  });

  test.for([
    ["a deep object", Array.from({ length: 1e4 }).reduce((inner) => ({ inner }), {})],
    ["many fields", Object.fromEntries(Array.from({ length: 1e5 }, (_, n) => [`k${n}`, n]))],
    ["a long list", Array.from({ length: 1e5 }, () => "x")],
  ] as const)("is bounded for %s", ([, value]) => {
    const line = formatEntry({ at: 1, event: "x", value });
    expect(line.length).toBeLessThan(2000);
    JSON.parse(line);
  });

  test.for([NaN, Infinity, 5n, Symbol("s"), () => 1])("writes %s as its kind", (value) => {
    expect(formatEntry({ at: 1, event: "x", value })).toContain(`"value":"<${typeof value}>"`);
  });
});

test("whatever is logged is one line of valid JSON in printable ASCII", () => {
  const entry = fc.dictionary(fc.string({ unit: "binary" }), fc.anything({ withBigInt: true }));
  fc.assert(
    fc.property(entry, (some) => {
      const line = formatEntry({ ...some, at: 1, event: "x" });
      expect(line).toMatch(PRINTABLE);
      JSON.parse(line);
    }),
    { numRuns: 500 },
  );
});
