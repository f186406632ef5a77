import type { Policy } from "../../policy/decision.ts";
import type { Diagnostic } from "../../policy/diagnostic.ts";
import { runTests } from "../../policy/tests.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "./operator-error.ts";
import { formatCount } from "./count.ts";
import { readPolicyFile } from "./policy-file.ts";

/** What `policy check` finds out about a file. */
export type PolicyReport = {
  readonly file: string;
  /** Whether it could be applied: no error, and every test passes. */
  readonly passes: boolean;
  readonly errors: number;
  readonly warnings: number;
  readonly grants: number;
  readonly nodes: number;
  readonly tests: { readonly passed: number; readonly failed: number };
  readonly diagnostics: readonly Diagnostic[];
  /** The diagnostics as text, one block each. */
  readonly rendered: string;
  readonly text: string;
  /** Texts of the files that it includes, by name. */
  readonly included: ReadonlyMap<string, string>;
  /** Absent when the file has errors. */
  readonly policy?: Policy;
};

/** Reads, checks and tests a policy file; without network, root or secrets. @throws OperatorError */
export function checkPolicyFile(file: string): PolicyReport {
  const found = readPolicyFile(file);
  if (found instanceof Error) {
    throw new OperatorError(`no policy: ${found.message}`, {
      hint: "name the file: keyserver policy check FILE",
      exitCode: EXIT.usage,
      cause: found,
    });
  }
  const { policy, diagnostics: read } = found.reading;
  const results = policy === undefined ? [] : runTests(policy);
  const failures = results.flatMap(({ diagnostic }) =>
    diagnostic === undefined ? [] : [diagnostic],
  );
  const failed = results.filter(({ passed }) => !passed).length;
  const diagnostics = [...read, ...failures];
  const count = (severity: Diagnostic["severity"]): number =>
    diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
  return {
    file,
    passes: policy !== undefined && failed === 0 && count("error") === 0,
    errors: count("error"),
    warnings: count("warning"),
    grants: policy?.grants.size ?? 0,
    nodes: policy?.nodes.size ?? 0,
    tests: { passed: results.length - failed, failed },
    diagnostics,
    rendered: found.render(diagnostics),
    text: found.text,
    included: found.included,
    ...(policy === undefined ? {} : { policy }),
  };
}

/** The last line of `policy check`. */
export function formatSummary({
  file,
  errors,
  warnings,
  grants,
  nodes,
  tests,
  policy,
}: PolicyReport): string {
  const head = `${file}: ${formatCount(errors, "error")}, ${formatCount(warnings, "warning")}`;
  if (policy === undefined) return head;
  const total = tests.passed + tests.failed;
  // A rule that does not hold is an error, so where there is a policy all of them do.
  const { length } = policy.never;
  const rules = `${length} of ${length} never rules hold`;
  const size = `${formatCount(grants, "grant")}, ${formatCount(nodes, "node")}`;
  return `${head}; ${size}, ${rules}, tests ${tests.passed}/${total} pass`;
}
