import type { Command } from "commander";
import { buildProgram as buildKeyclient } from "../../../client/commands/program.ts";
import { buildProgram as buildKeyreq } from "../../../client/request/program.ts";
import { describeProgram, type Description } from "../../../protocol/command-line/description.ts";
import { buildProgram as buildKeyserver } from "../../../server/commands/program.ts";

const never = (): never => {
  throw new TypeError("no command runs here");
};

const commands: readonly Command[] = [
  buildKeyserver(never),
  buildKeyclient({ open: never, stdout: never }, never),
  buildKeyreq({ open: never, stdout: never }, never),
];

/** A program as it runs, with what is said of it. */
export type Program = {
  readonly name: string;
  readonly command: Command;
  readonly description: Description;
};

/** The three programs, none of which runs. */
export const PROGRAMS: readonly Program[] = commands.map((command) => ({
  name: command.name(),
  command,
  description: describeProgram(command),
}));

/** Every command with the words that call it, read from commander and not from our description. */
export const commandsOf = (
  command: Command,
  path: readonly string[] = [],
): readonly { readonly command: Command; readonly path: readonly string[] }[] => [
  { command, path },
  ...command.commands.flatMap((child) => commandsOf(child, [...path, child.name()])),
];
