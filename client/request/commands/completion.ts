import type { Command } from "commander";
import type { ExitCode } from "../../../protocol/exit-codes.ts";
import { printCompletion } from "../../terminal/manual.ts";
import type { Output } from "../../terminal/output.ts";

/** `keyreq completion SHELL`. @throws Failure for an unknown shell. */
export const completionCommand = (
  output: Output,
  program: Command,
  shell: string,
): Promise<ExitCode> => Promise.resolve(printCompletion(output, program, shell));
