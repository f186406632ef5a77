import type { Command } from "commander";
import { matrixOf } from "../../policy/effects/matrix.ts";
import type { WithContext } from "./context.ts";
import { accessCommand } from "./policy-effects-access.ts";
import { diffCommand } from "./policy-effects-diff.ts";
import { explainCommand } from "./policy-effects-explain.ts";
import { loadPolicy } from "./policy-effects-file.ts";
import { formatCsv, formatMatrix } from "./policy-effects-text.ts";
import { whoCanCommand } from "./policy-effects-who.ts";

const FILE = ["--file <file>", "the policy; /etc/keysystem/policy.yaml when left out"] as const;

/** What a policy gives and what an edit changes; offline, without root, on a file. */
export function effectCommands(policy: Command, contextOf: WithContext): void {
  explainCommand(policy, contextOf);
  whoCanCommand(policy, contextOf);
  diffCommand(policy, contextOf);
  accessCommand(policy, contextOf);
  policy
    .command("matrix")
    .description("show roles, nodes and groups against grants")
    .option(...FILE)
    .option("--csv", "comma-separated, one line for each subject")
    .action((_options, command: Command) => {
      const { paths, terminal } = contextOf(command);
      const { file: chosen, csv = false } = command.opts<FileOption & { csv?: boolean }>();
      const { policy: model, file } = loadPolicy(chosen ?? paths.policy);
      const matrix = matrixOf(model);
      terminal.show({ file, ...matrix }, () => (csv ? formatCsv(matrix) : formatMatrix(matrix)));
    });
}

type FileOption = { readonly file?: string };
