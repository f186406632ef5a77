import { lstatSync, realpathSync, statSync } from "node:fs";
import type { Command } from "commander";
import { changedLines, formatPolicy } from "../../policy/format/format.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { readPolicyText } from "../config/policy-file.ts";
import { replaceFile } from "../config/replace-file.ts";
import type { Context, WithContext } from "./context.ts";

/** `keyserver policy fmt [FILE]`: writes the usual layout; with `--check` only says which lines differ, and exits 5. */
export function policyFmtCommand(policy: Command, contextOf: WithContext): void {
  policy
    .command("fmt")
    .description("lay a policy file out as usual; comments and meaning stay")
    .argument("[file]", "the policy; /etc/keysystem/policy.yaml when left out")
    .option("--check", "change nothing; exit 5 when the layout is another")
    .action((file: string | undefined, options: { readonly check?: boolean }, command: Command) => {
      const { paths, terminal } = contextOf(command);
      formatFile(terminal, file ?? paths.policy, options.check === true);
    });
}

function formatFile({ show }: Context["terminal"], file: string, isCheck: boolean): void {
  const text = readPolicyText(file);
  if (text instanceof Error) {
    throw new OperatorError(`no policy: ${text.message}`, {
      hint: "name the file: keyserver policy fmt FILE",
      exitCode: EXIT.usage,
      cause: text,
    });
  }
  const formatted = formatPolicy(text);
  if (formatted === undefined) {
    throw new OperatorError(`${file} is not laid out anew: it cannot be read as a policy`, {
      hint: `keyserver policy check ${file}`,
      exitCode: EXIT.unhealthy,
    });
  }
  const lines = changedLines(text, formatted);
  const isChanged = formatted !== text;
  if (isChanged && !isCheck) write(file, formatted);
  if (isChanged && isCheck) process.exitCode = EXIT.unhealthy;
  show({ file, changed: isChanged, written: isChanged && !isCheck, lines }, () =>
    isChanged ? describe(file, lines, isCheck) : `${file}: nothing to reformat`,
  );
}

function describe(file: string, lines: readonly number[], isCheck: boolean): string {
  const count = `${lines.length} ${lines.length === 1 ? "line" : "lines"}`;
  const which = lines.length === 0 ? "" : ` (${lines.join(", ")})`;
  return isCheck
    ? `${file}: would reformat ${count}${which}; run  keyserver policy fmt ${file}`
    : `${file}: reformatted ${count}${which}`;
}

/** The file that a link leads to is replaced, and not the link. */
function write(file: string, text: string): void {
  const target = lstatSync(file).isSymbolicLink() ? realpathSync(file) : file;
  replaceFile(target, text, statSync(target).mode & 0o777);
}
