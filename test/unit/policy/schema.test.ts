import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse, parseDocument } from "yaml";
import { policySchema } from "../../../policy/schema/schema.ts";
import { EFFECT_FAULTS } from "./corpus/effects.ts";
import { REFERENCE_FAULTS } from "./corpus/references.ts";
import { SHAPE_FAULTS } from "./corpus/shape.ts";
import { VALUE_FAULTS } from "./corpus/values.ts";
import { edit, EXAMPLE } from "./example.ts";

/** What an editor says that validates with the schema, before anything is saved. */
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(policySchema());

const OF_SHAPE = new Set(["E110", "E111", "E112"]);
/** What is no YAML has no values for a schema to look at. */
const isReadable = (text: string): boolean => parseDocument(text).errors.length === 0;
const faults = [...SHAPE_FAULTS, ...REFERENCE_FAULTS, ...VALUE_FAULTS, ...EFFECT_FAULTS].filter(
  ([, [from, to], codes]) =>
    codes.some((code) => OF_SHAPE.has(code)) && isReadable(edit(EXAMPLE, from, to)),
);

/** What a schema cannot say, each with why. */
const KEY = "a key is text as soon as YAML is read";
const KIND = "what a test needs and can expect depends on the grant that it names";
const UNSAID: ReadonlyMap<string, string> = new Map([
  ["a key that is a number", KEY],
  ["a key that is a number with zeros", KEY],
  ["an admission of no node", KIND],
  ["a test of a node that is not admitted", KIND],
  ["a test of a certificate that is a file", KIND],
  ["a test of how long an action lasts", KIND],
  ["a test of how long a file lasts", KIND],
  ["a test of what an action holds", KIND],
  ["a test of what an admission holds", KIND],
  ["a test of whose a file is", KIND],
]);

// After a change that is meant: vitest run -u, and read the difference.
test("the schema is in exactly these words", async () => {
  const text = `${JSON.stringify(policySchema(), null, 1)}\n`;
  await expect(text).toMatchFileSnapshot("schema.txt");
});

test("the example is valid", () => {
  validate(parse(EXAMPLE));
  expect(validate.errors ?? []).toEqual([]);
});

describe("every unknown key, wrong type and missing key is seen, but for what is listed", () => {
  test.each(faults)("%s", (title, [from, to]) => {
    expect(validate(parse(edit(EXAMPLE, from, to)))).toBe(UNSAID.has(title));
  });
  test("and nothing is listed that is none", () => {
    const titles = new Set(faults.map(([title]) => title));
    expect([...UNSAID.keys()].filter((title) => !titles.has(title))).toEqual([]);
    expect(faults.length).toBeGreaterThan(40);
  });
});
