import { Argument, type Command } from "commander";
import { formatCompletion, isShell, SHELLS } from "../../protocol/command-line/completion.ts";
import { describeProgram } from "../../protocol/command-line/description.ts";
import type { WithContext } from "./context.ts";

/** `keyserver completion SHELL`: a file for the shell to source. */
export function completionCommand(program: Command, contextOf: WithContext): void {
  program
    .command("completion")
    .description("print completions for a shell")
    .addArgument(new Argument("<shell>", "the shell that is to source them").choices(SHELLS))
    .action((shell: string, _options, command: Command) => {
      // commander has refused every other.
      if (!isShell(shell)) return;
      const completion = formatCompletion(describeProgram(program), shell);
      contextOf(command).terminal.show({ shell, completion }, () => completion.trimEnd());
    });
}
