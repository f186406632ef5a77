import { Argument, type Command } from "commander";
import { SHELLS } from "../../protocol/command-line/completion.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { readVersion } from "../commands/version.ts";
import type { Acting } from "./program.ts";

/** Adds the commands that are about keyreq itself. */
export function addMeta(program: Command, act: Acting): void {
  program
    .command("version")
    .description("print the version")
    .action((_flags: object, command: Command) =>
      act(command, ({ output }) => {
        const version = readVersion();
        output.say(`keyreq ${version}`);
        output.document({ version });
        return Promise.resolve(EXIT.ok);
      }),
    );
  program
    .command("completion")
    .description("print completions for a shell")
    .addArgument(new Argument("<shell>", "the shell that is to source them").choices(SHELLS))
    .action((shell: string, _flags: object, command: Command) =>
      act(command, async ({ output }) => {
        const { completionCommand } = await import("./commands/completion.ts");
        return completionCommand(output, program, shell);
      }),
    );
  program
    .command("man")
    .description("print the manual page; read it with: keyreq man | man -l -")
    .action((_flags: object, command: Command) =>
      act(command, async ({ output }) => {
        const { manCommand } = await import("./commands/man.ts");
        return manCommand(output, program);
      }),
    );
}
