import type { Command } from "commander";
import { AuthorityList, PolicyReload } from "../../protocol/admin-messages.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { readPolicyFile } from "../config/policy-file.ts";
import { checkPolicyFile, type PolicyReport } from "../config/policy-report.ts";
import { OperatorError } from "../config/operator-error.ts";
import { writePolicy } from "../config/write-policy.ts";
import type { AdminClient } from "./admin-client.ts";
import type { Context, WithContext } from "./context.ts";
import { policyCheckCommand } from "./policy-check.ts";
import { effectCommands } from "./policy-effects.ts";
import { policyFmtCommand } from "./policy-fmt.ts";
import { policySchemaCommand } from "./policy-schema.ts";
import { policyTestCommand } from "./policy-test.ts";

/** `keyserver policy …`: check and test need neither root nor a running server; apply needs both. */
export function policyCommands(program: Command, contextOf: WithContext): void {
  const policy = program.command("policy").description("check, test or apply the policy file");
  policyCheckCommand(policy, contextOf);
  policyTestCommand(policy, contextOf);
  policyFmtCommand(policy, contextOf);
  policySchemaCommand(policy, contextOf);
  effectCommands(policy, contextOf);
  policy
    .command("apply")
    .description("check /etc/keysystem/policy.yaml and put it into force")
    .action(async (_options, command: Command) => {
      await apply(contextOf(command));
    });
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
