import { expect, test } from "vitest";
import { CODES, listCodes } from "../../../policy/codes/codes.ts";
import type { Diagnostic } from "../../../policy/diagnostic.ts";
import { formatSarif } from "../../../policy/sarif.ts";

const logWith = (...results: readonly object[]): object => ({
  $schema: "https://json.schemastore.org/sarif-2.1.0.json",
  version: "2.1.0",
  runs: [
    {
      tool: {
        driver: {
          name: "keyserver policy check",
          rules: listCodes().map((code) => ({
            id: code,
            shortDescription: { text: CODES[code].title },
            fullDescription: { text: CODES[code].meaning },
          })),
        },
      },
      columnKind: "utf16CodeUnits",
      results,
    },
  ],
});

const bare: Diagnostic = {
  code: "E306",
  severity: "error",
  place: { file: "a policy#1?.yaml", line: 3, column: 5, length: 4 },
  message: "roles is empty",
  notes: [],
};
const physicalLocation = {
  artifactLocation: { uri: "a%20policy%231%3F.yaml" },
  region: { startLine: 3, startColumn: 5, endColumn: 9 },
};
const result = {
  ruleId: "E306",
  ruleIndex: listCodes().indexOf("E306"),
  level: "error",
  message: { text: "roles is empty" },
  locations: [{ physicalLocation }],
};

test("a log of nothing names every rule that there is", () => {
  expect(formatSarif([])).toEqual(logWith());
});

test("a result has what a message has, and no more", () => {
  const full: Diagnostic = {
    ...bare,
    severity: "warning",
    label: "name one",
    help: "roles: [node]",
    notes: [
      { place: { file: "b.yaml", line: 7, column: 1, length: 1 }, message: "first here" },
      { place: bare.place, message: "and here" },
    ],
  };
  const first = {
    artifactLocation: { uri: "b.yaml" },
    region: { startLine: 7, startColumn: 1, endColumn: 2 },
  };
  expect(formatSarif([bare, full])).toEqual(
    logWith(result, {
      ...result,
      level: "warning",
      message: { text: "roles is empty; name one; roles: [node]" },
      relatedLocations: [
        { id: 0, message: { text: "first here" }, physicalLocation: first },
        { id: 1, message: { text: "and here" }, physicalLocation },
      ],
    }),
  );
});
