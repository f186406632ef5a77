import { Type, type Static } from "typebox";
import { Value } from "typebox/value";

/** What a test run came to. `notes` says in words what was counted as a failure without being a test. */
export type Counts = {
  readonly passed: number;
  readonly failed: number;
  readonly notes: readonly string[];
};

const Report = Type.Object({
  numTotalTests: Type.Integer(),
  numPassedTests: Type.Integer(),
  numFailedTests: Type.Integer(),
  testResults: Type.Array(
    Type.Object({
      name: Type.String(),
      status: Type.String(),
      assertionResults: Type.Array(Type.Object({ status: Type.String() })),
    }),
  ),
});
type Report = Static<typeof Report>;

/**
 * Counts a run from vitest's JSON report and exit code.
 *
 * A file that could not be loaded, a run without a report or without a test, and a non-zero exit
 * that no failed test explains count as one failure each, so that a crash is never a success.
 */
export function countTests(text: string, exitCode: number): Counts {
  const report = parseReport(text);
  if (report === undefined) return { passed: 0, failed: 1, notes: ["no report: vitest crashed"] };
  const broken = report.testResults.filter(isBroken).map(({ name }) => `could not run: ${name}`);
  const skipped = report.numTotalTests - report.numPassedTests - report.numFailedTests;
  const counted = report.numFailedTests + broken.length;
  const notes = [...broken, ...(skipped > 0 ? [`${skipped} skipped`] : [])];
  if (report.numPassedTests + counted === 0) {
    return { passed: 0, failed: 1, notes: [...notes, "no test ran"] };
  }
  if (exitCode !== 0 && counted === 0) {
    const note = `vitest ended with ${exitCode} though no test failed`;
    return { passed: report.numPassedTests, failed: 1, notes: [...notes, note] };
  }
  return { passed: report.numPassedTests, failed: counted, notes };
}

const isBroken = (file: Report["testResults"][number]): boolean =>
  file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed");

function parseReport(text: string): Report | undefined {
  try {
    const report: unknown = JSON.parse(text);
    return Value.Check(Report, report) ? report : undefined;
  } catch {
    return undefined;
  }
}
