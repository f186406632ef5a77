import { expect, test } from "vitest";
import { countTests } from "../../harness/test-report.ts";

type File = { readonly status: string; readonly tests: readonly string[] };

const report = (...files: readonly File[]): string => {
  const count = (status: string): number =>
    files.flatMap(({ tests }) => tests).filter((test) => test === status).length;
  return JSON.stringify({
    numTotalTests: files.flatMap(({ tests }) => tests).length,
    numPassedTests: count("passed"),
    numFailedTests: count("failed"),
    testResults: files.map(({ status, tests }) => ({
      name: "a.test.ts",
      status,
      assertionResults: tests.map((test) => ({ status: test })),
    })),
  });
};
const good: File = { status: "passed", tests: ["passed", "passed"] };

test.for([
  { what: "no report", text: "", code: 0, passed: 0, failed: 1 },
  { what: "half a report", text: '{"numTotalTests": 3', code: 0, passed: 0, failed: 1 },
  { what: "a report of another shape", text: "{}", code: 0, passed: 0, failed: 1 },
  { what: "no test", text: report(), code: 0, passed: 0, failed: 1 },
  {
    what: "only skipped ones",
    text: report({ status: "passed", tests: ["pending"] }),
    code: 0,
    passed: 0,
    failed: 1,
  },
  {
    what: "one failed",
    text: report(good, { status: "failed", tests: ["failed"] }),
    code: 1,
    passed: 2,
    failed: 1,
  },
  {
    what: "a file that does not load",
    text: report(good, { status: "failed", tests: [] }),
    code: 1,
    passed: 2,
    failed: 1,
  },
  { what: "an error outside of tests", text: report(good), code: 1, passed: 2, failed: 1 },
  { what: "all good", text: report(good), code: 0, passed: 2, failed: 0 },
])("$what", ({ text, code, passed, failed }) => {
  expect(countTests(text, code)).toMatchObject({ passed, failed });
});
