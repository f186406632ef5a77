import type { Command } from "commander";
import { AuthorityList, PolicyReload } from "../../protocol/admin-messages.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { runTests } from "../../policy/tests.ts";
import { readPolicyFile } from "../config/policy-file.ts";
import { checkPolicyFile, formatSummary, type PolicyReport } from "../config/policy-report.ts";
import { OperatorError } from "../config/operator-error.ts";
import { writePolicy } from "../config/write-policy.ts";
import type { AdminClient } from "./admin-client.ts";
import type { Context, WithContext } from "./context.ts";

/** `keyserver policy …`: check and test need neither root nor a running server; apply needs both. */
export function policyCommands(program: Command, contextOf: WithContext): void {
  const policy = program.command("policy").description("check, test or apply the policy file");
  policy
    .command("check")
    .description("read, check and test a policy file; nothing is applied")
    .argument("[file]", "the policy; /etc/keysystem/policy.yaml when left out")
    .action((file: string | undefined, _options, command: Command) => {
      const { paths, terminal } = contextOf(command);
      const report = checkPolicyFile(file ?? paths.policy);
      showReport(terminal, report);
      if (!report.passes) process.exitCode = EXIT.unhealthy;
    });
  policy
    .command("test")
    .description("run a policy file's tests, one line each")
    .argument("[file]", "the policy; /etc/keysystem/policy.yaml when left out")
    .action((file: string | undefined, _options, command: Command) => {
      runPolicyTests(contextOf(command), file);
    });
  policy
    .command("apply")
    .description("check /etc/keysystem/policy.yaml and put it into force")
    .action(async (_options, command: Command) => {
      await apply(contextOf(command));
    });
}

function showReport({ show, err }: Context["terminal"], report: PolicyReport): void {
  if (report.rendered !== "") err(report.rendered);
  const { file, errors, warnings, passes, grants, nodes, tests, diagnostics } = report;
  show({ file, passes, errors, warnings, grants, nodes, tests, diagnostics }, () =>
    formatSummary(report),
  );
}

function runPolicyTests({ paths, terminal }: Context, file: string | undefined): void {
  const report = checkPolicyFile(file ?? paths.policy);
  if (report.policy === undefined) {
    showReport(terminal, report);
    process.exitCode = EXIT.unhealthy;
    return;
  }
  const results = runTests(report.policy).map(({ test, passed, detail }) => ({
    line: test.place.line,
    as: test.title,
    what: test.kind === "ask" ? test.grant : test.kind,
    passed,
    ...(detail === undefined ? {} : { detail }),
  }));
  const failed = results.filter(({ passed }) => !passed).length;
  const counts = { passed: results.length - failed, failed };
  terminal.show({ file: report.file, ...counts, results }, () =>
    [
      ...results.map(({ line, as, what, passed, detail = "" }) =>
        `${passed ? "ok  " : "FAIL"} ${report.file}:${line}  ${as}  ${what}  ${detail}`.trimEnd(),
      ),
      `${counts.passed} passed, ${counts.failed} failed`,
    ].join("\n"),
  );
  if (failed > 0) process.exitCode = EXIT.unhealthy;
}

async function apply({ paths, terminal, client }: Context): Promise<void> {
  const report = checkPolicyFile(paths.policy);
  requirePass(terminal, report);
  await requireKeys(client, report);
  const before = readPolicyFile(paths.applied);
  writePolicy(paths.applied, report);
  try {
    const { policy } = await client.post(PolicyReload, ADMIN_PATHS.policyReload, {});
    terminal.show({ policy }, () => `applied: ${policy.slice(0, 8)} is in force`);
  } catch (cause) {
    // The copy that is in force and the copy on disk must not differ: the next start would surprise.
    if (!(before instanceof Error)) writePolicy(paths.applied, before);
    // keysigner may hold the new one already, and would soon sign nothing for a keyserver that holds the old one.
    await client.post(PolicyReload, ADMIN_PATHS.policyReload, {}).catch(() => undefined);
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError("the policy was not applied", { cause });
  }
}

/** keysigner reads keys at its start, so one that was made since does not count. */
async function requireKeys(client: AdminClient, { file, policy }: PolicyReport): Promise<void> {
  const { authorities } = await client.get(AuthorityList, ADMIN_PATHS.authorities);
  const known = new Set(authorities.map(({ name }) => name));
  const missing = [...(policy?.authorities.keys() ?? [])].filter((name) => !known.has(name));
  if (missing.length === 0) return;
  const names = missing.join(", ");
  throw new OperatorError(
    `keysigner has no key of authority ${names} of ${file}; nothing was applied`,
    {
      hint: `make what is not there yet: keyserver authority create ${missing[0] ?? ""}; start keyserver anew; keyserver policy apply`,
      exitCode: EXIT.unhealthy,
    },
  );
}

function requirePass({ err }: Context["terminal"], report: PolicyReport): void {
  if (report.rendered !== "") err(report.rendered);
  if (report.passes) return;
  throw new OperatorError(`${report.file} does not pass its check; nothing was applied`, {
    hint: `mend it, then: keyserver policy check`,
    exitCode: EXIT.unhealthy,
  });
}
