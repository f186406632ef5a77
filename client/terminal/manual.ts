import { formatCompletion, isShell, SHELLS } from "../../protocol/command-line/completion.ts";
import { describeProgram, type ReadableCommand } from "../../protocol/command-line/description.ts";
import { formatManPage, type ManPageOptions } from "../../protocol/command-line/man-page.ts";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import { Failure } from "./failure.ts";
import type { Output } from "./output.ts";

/** Prints completions of `program` for a shell to source. @throws Failure for an unknown shell. */
export function printCompletion(output: Output, program: ReadableCommand, shell: string): ExitCode {
  if (!isShell(shell)) {
    throw new Failure(EXIT.usage, `no completions for ${JSON.stringify(shell)} are known`, [
      `there are:  ${SHELLS.join(", ")}`,
    ]);
  }
  const completion = formatCompletion(describeProgram(program), shell);
  if (output.options.json) output.document({ shell, completion });
  else output.print(completion);
  return EXIT.ok;
}

/** Prints the manual page of `program`, in man(7). */
export function printManPage(
  output: Output,
  program: ReadableCommand,
  options: ManPageOptions,
): ExitCode {
  const page = formatManPage(describeProgram(program), options);
  if (output.options.json) output.document({ page });
  else output.print(page);
  return EXIT.ok;
}
