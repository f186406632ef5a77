import type { Command } from "commander";
import type { Policy } from "../../policy/decision.ts";
import { runTests, type TestOutcome } from "../../policy/tests.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { checkPolicyFile } from "../config/policy-report.ts";
import type { Context, WithContext } from "./context.ts";
import { showReport } from "./policy-check.ts";

/** `keyserver policy test [FILE]`: every test a line, and how many grants they reach. Exits 5 when one fails. */
export function policyTestCommand(policy: Command, contextOf: WithContext): void {
  policy
    .command("test")
    .description("run a policy file's tests, one line each")
    .argument("[file]", "the policy; /etc/keysystem/policy.yaml when left out")
    .action((file: string | undefined, _options, command: Command) => {
      runPolicyTests(contextOf(command), file);
    });
}

function runPolicyTests({ paths, terminal }: Context, file: string | undefined): void {
  const report = checkPolicyFile(file ?? paths.policy);
  if (report.policy === undefined) {
    showReport(terminal, report);
    process.exitCode = EXIT.unhealthy;
    return;
  }
  const outcomes = runTests(report.policy);
  const results = outcomes.map(({ test, passed, detail }) => ({
    line: test.place.line,
    as: test.title,
    what: test.kind === "ask" ? test.grant : test.kind,
    passed,
    ...(detail === undefined ? {} : { detail }),
  }));
  const failed = results.filter(({ passed }) => !passed).length;
  const counts = { passed: results.length - failed, failed, ...coverage(report.policy, outcomes) };
  terminal.show({ file: report.file, ...counts, results }, () =>
    [
      ...results.map(({ line, as, what, passed, detail = "" }) =>
        `${passed ? "ok  " : "FAIL"} ${report.file}:${line}  ${as}  ${what}  ${detail}`.trimEnd(),
      ),
      formatCounts(counts),
    ].join("\n"),
  );
  if (failed > 0) process.exitCode = EXIT.unhealthy;
}

type Coverage = { readonly grants: number; readonly reached: number; readonly denied: number };

/** Grants that a test asks for or lists, and those that a test sees denied to somebody. */
function coverage({ grants }: Policy, outcomes: readonly TestOutcome[]): Coverage {
  const tests = outcomes.map(({ test }) => test);
  const reached = new Set(
    tests.flatMap((test) => (test.kind === "ask" ? [test.grant] : test.grants)),
  );
  const denied = new Set(
    tests.flatMap((test) =>
      test.kind === "ask" && test.expect.kind === "denied" ? [test.grant] : [],
    ),
  );
  return { grants: grants.size, reached: reached.size, denied: denied.size };
}

const formatCounts = ({
  passed,
  failed,
  grants,
  reached,
  denied,
}: Coverage & { readonly passed: number; readonly failed: number }): string =>
  `${passed} passed, ${failed} failed; grants reached: ${reached}/${grants}; grants with a denial test: ${denied}/${grants}`;
