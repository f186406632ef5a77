import type { Command } from "commander";
import { policySchema } from "../../policy/schema/schema.ts";
import type { WithContext } from "./context.ts";

/** `keyserver policy schema`: the JSON Schema that an editor completes with. */
export function policySchemaCommand(policy: Command, contextOf: WithContext): void {
  policy
    .command("schema")
    .description("print the JSON Schema of the policy file, for completion in editors")
    .action((_options, command: Command) => {
      contextOf(command).terminal.out(JSON.stringify(policySchema(), null, 2));
    });
}
