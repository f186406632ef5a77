import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CODES, formatCodePage, isCode, listCodes } from "../../../policy/codes/codes.ts";
import { DEMO, demoWith } from "../../documents/demo-policy.ts";
import { formatPolicyErrors } from "../../documents/policy-errors.ts";
import { CHECKOUT, listFiles } from "../../harness/source-tree.ts";
import { codesOf } from "./example.ts";

const errorsOf = (text: string): readonly string[] =>
  codesOf(text).filter((code) => code.startsWith("E"));

describe.each(listCodes())("%s", (code) => {
  const { wrong, right } = CODES[code];
  test("comes of its wrong example, and no other error does", () => {
    const codes = codesOf(demoWith(wrong));
    expect(codes).toContain(code);
    expect(errorsOf(demoWith(wrong))).toEqual(code.startsWith("E") ? [code] : []);
  });
  test("does not come of its right example, nor does an error", () => {
    expect(codesOf(demoWith(right))).not.toContain(code);
    expect(errorsOf(demoWith(right))).toEqual([]);
  });
  test("has a page", () => {
    const page = formatCodePage(code);
    expect(page).toContain(CODES[code].title);
    expect(Math.max(...page.split("\n").map((line) => line.length))).toBeLessThanOrEqual(140);
  });
});

test("the demo policy is sound", () => expect(codesOf(DEMO)).toEqual(["W602"]));

test("no other code stands in the sources, and each stands there", () => {
  const files = listFiles("policy").filter((path) => !path.startsWith("policy/codes/"));
  const text = files.map((path) => readFileSync(join(CHECKOUT, path), "utf8")).join("\n");
  const named = new Set([...text.matchAll(/"([EW]\d{3})"/g)].map((found) => found[1] ?? ""));
  expect([...named].sort()).toEqual([...listCodes()].sort());
});

test("docs/policy-errors.md is made from the pages", () => {
  const page = readFileSync(join(CHECKOUT, "docs/policy-errors.md"), "utf8");
  expect(page, "run: npm run documents").toBe(formatPolicyErrors());
});

test.each(["E999", "e401", "", "toString", "__proto__"])("%j is no code", (text) => {
  expect(isCode(text)).toBe(false);
});
