import type { Command } from "commander";
import { isIdentifier } from "../../policy/text/name.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { WithContext } from "./context.ts";

/** `keyserver policy import FILE`: prints the policy that takes the place of a Homeworld `setup.yaml`; writes nothing. */
export function policyImportCommand(policy: Command, contextOf: WithContext): void {
  policy
    .command("import")
    .description("print the policy that takes the place of a Homeworld setup.yaml")
    .argument("<file>", "Homeworld's setup.yaml")
    .option(
      "--cluster <name>",
      "name of the cluster; the first word of internal-domain when left out",
    )
    .action(async (file: string, options: { readonly cluster?: string }, command: Command) => {
      const { formatLeftovers, readSetupFile } = await import("../config/setup-file.ts");
      const { terminal } = contextOf(command);
      const { toPolicy, left, usualCluster } = readSetupFile(file);
      const text = toPolicy(checkCluster(options.cluster ?? usualCluster));
      terminal.err(formatLeftovers(file, left));
      if (command.optsWithGlobals<{ readonly json?: boolean }>().json === true) {
        const notTakenOver = left.map(({ place: { line, column }, ...rest }) => ({
          line,
          column,
          ...rest,
        }));
        terminal.show({ policy: text, notTakenOver }, () => text);
      } else terminal.out(text.trimEnd());
    });
}

/** @throws OperatorError for what cannot be a cluster's name */
export function checkCluster(cluster: string): string {
  if (isIdentifier(cluster)) return cluster;
  throw new OperatorError(`--cluster ${JSON.stringify(cluster)} is malformed`, {
    hint: "lower-case letters, digits and hyphens, at most 63: --cluster hyades",
    exitCode: EXIT.usage,
  });
}
