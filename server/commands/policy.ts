import type { Command } from "commander";
import type { WithContext } from "./context.ts";
import { policyApplyCommand } from "./policy-apply.ts";
import { policyCheckCommand } from "./policy-check.ts";
import { policyEditCommand } from "./policy-edit.ts";
import { effectCommands } from "./policy-effects.ts";
import { policyFmtCommand } from "./policy-fmt.ts";
import { historyCommands } from "./policy-history.ts";
import { policyImportCommand } from "./policy-import.ts";
import { policySchemaCommand } from "./policy-schema.ts";
import { policyTestCommand } from "./policy-test.ts";

/** `keyserver policy …`: apply, edit and rollback need root and a running server; the rest needs neither. */
export function policyCommands(program: Command, contextOf: WithContext): void {
  const policy = program.command("policy").description("check, test or apply the policy file");
  policyCheckCommand(policy, contextOf);
  policyTestCommand(policy, contextOf);
  policyFmtCommand(policy, contextOf);
  policySchemaCommand(policy, contextOf);
  policyImportCommand(policy, contextOf);
  effectCommands(policy, contextOf);
  policyApplyCommand(policy, contextOf);
  policyEditCommand(policy, contextOf);
  historyCommands(policy, contextOf);
}
