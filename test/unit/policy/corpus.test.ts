import { describe, expect, test } from "vitest";
import { CODES, listCodes } from "../../../policy/codes/codes.ts";
import { MAX_BYTES } from "../../../policy/source/document.ts";
import { demoWith } from "../../documents/demo-policy.ts";
import { EFFECT_FAULTS } from "./corpus/effects.ts";
import { LOCKOUTS } from "./corpus/lockouts.ts";
import { REFERENCE_FAULTS } from "./corpus/references.ts";
import { SHAPE_FAULTS } from "./corpus/shape.ts";
import { VALUE_FAULTS } from "./corpus/values.ts";
import { codesOf, edit, EXAMPLE, messagesOf } from "./example.ts";

const FAULTS = {
  shape: SHAPE_FAULTS,
  references: REFERENCE_FAULTS,
  values: VALUE_FAULTS,
  effects: EFFECT_FAULTS,
};

describe.each(Object.entries(FAULTS))("%s", (name, faults) => {
  test.each(faults)("%s", (_, [from, to], codes) => {
    expect(codesOf(edit(EXAMPLE, from, to))).toEqual(codes);
  });
  // After a change that is meant: vitest run -u, and read the difference.
  test("is said in exactly these words", async () => {
    const said = faults.map(([title, [from, to]]) => block(title, edit(EXAMPLE, from, to)));
    await expect(said.join("\n")).toMatchFileSnapshot(`corpus/${name}.txt`);
  });
});

describe("the pages' examples", () => {
  test("are said in exactly these words", async () => {
    const said = listCodes().map((code) => block(code, demoWith(CODES[code].wrong)));
    await expect(said.join("\n")).toMatchFileSnapshot("corpus/pages.txt");
  });
});

const block = (title: string, text: string): string =>
  `## ${title}\n\n${messagesOf(text).join("\n\n")}\n`;

describe("lockouts", () => {
  test.each(LOCKOUTS)("%s", (_, part, codes) => {
    expect(codesOf(demoWith(part)).filter((code) => code !== "W602")).toEqual(codes);
  });
});

test.each([
  ["nothing", "", ["E111"]],
  ["a list", "- a", ["E111"]],
  ["a binary file", "\0\u0001", ["E101"]],
  ["too much", " ".repeat(MAX_BYTES + 1), ["E101"]],
  ["too much in UTF-8", `#${"é".repeat(MAX_BYTES / 2)}`, ["E101"]],
  ["no section", "keysystem: policy/v1", ["E112"]],
])("%s is no policy", (_, text, codes) => {
  expect(codesOf(text)).toEqual(codes);
});
