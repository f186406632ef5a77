import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { changedLines, formatPolicy } from "../../../policy/format/format.ts";
import { policySchema } from "../../../policy/schema/schema.ts";
import { demoWith } from "../../documents/demo-policy.ts";
import { CODES, listCodes } from "../../../policy/codes/codes.ts";
import { EXAMPLE, readSound } from "./example.ts";
import { sayings } from "./sayings.ts";

/** Sound policies by name. */
const SOUND: readonly (readonly [string, string])[] = [
  ["the example", EXAMPLE],
  ...listCodes().map((code) => [code, demoWith(CODES[code].right)] as const),
];

const commentsOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?<=^|\s)#.*$/gm)].map(([comment]) => comment.trim()).sort();

const format = (text: string): string => {
  const formatted = formatPolicy(text);
  if (formatted === undefined) throw new TypeError("was not formatted");
  return formatted;
};

describe.each(SOUND)("%s", (_, text) => {
  const formatted = format(text);
  test("means the same", () =>
    expect(sayings(readSound(formatted))).toBe(sayings(readSound(text))));
  test("is formatted once and for all", () => expect(formatPolicy(formatted)).toBe(formatted));
  test("keeps its comments", () => expect(commentsOf(formatted)).toEqual(commentsOf(text)));
});

test("no line but a comment's is longer than 120 columns", () => {
  const long = format(EXAMPLE)
    .split("\n")
    .filter((line) => line.replace(/(^|\s)#.*$/, "").length > 120);
  expect(long).toEqual([]);
});

test.each([
  ["a: {b: c,d: [ e,f ]}  \n", "a: { b: c, d: [e, f] }\n"],
  ["a: { }\n\n\n\nb: [ ]", "a: {}\n\nb: []\n"],
  ["a:   { b: c,   d: e }\r\n", "a:   { b: c,   d: e }\n"],
  ['a: {b: "{c,d}"} # {x,y}\n', 'a: { b: "{c,d}" } # {x,y}\n'],
  [
    `a: [ b, # ${"x".repeat(120)}\n  c, # d\n  e]\n`,
    `a: [b, # ${"x".repeat(120)}\n  c, # d\n  e]\n`,
  ],
  [`a: { b: ${"x".repeat(120)} } # why\n`, `a:\n  b: ${"x".repeat(120)} # why\n`],
])("%j", (text, want) => expect(formatPolicy(text)).toBe(want));

test.each([
  ["a tab", "\ta: b"],
  ["no YAML", "a: ["],
  ["an anchor", "a: &b c"],
  ["text whose blanks count", "a: |\n  b  \n  c\n"],
  ["a key twice", "a: b\na: c"],
])("%s is not formatted", (_, text) => expect(formatPolicy(text)).toBeUndefined());

test("says which lines are others", () => {
  expect(changedLines("a\nb\nc\n", "a\nx\nc\n")).toEqual([2]);
  expect(changedLines("a\n", "a\n")).toEqual([]);
});

describe("the schema", () => {
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(policySchema());
  test.each(SOUND)("takes %s", (_, text) => {
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
  });
  test.each(["E110", "E112", "E301", "E306"] as const)("refuses what %s is about", (code) => {
    expect(validate(parse(demoWith(CODES[code].wrong)))).toBe(false);
  });
});

test.each<readonly [string, string, readonly number[]]>([
  ["a\nb\nc", "a\nb\nc", []],
  ["a\nb\nc", "a\nc", [2]],
  ["a\nb\nc", "a\nx\nb\nc", []],
  // The same line twice is two lines.
  ["x\nx\ny", "x\ny", [2]],
  ["a\nb", "", [1, 2]],
])("lines of %j that are not in %j", (before, after, lines) => {
  expect(changedLines(before, after)).toEqual(lines);
});
