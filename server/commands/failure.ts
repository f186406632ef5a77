import { inspect } from "node:util";
import { CommanderError } from "commander";
import { ConfigError } from "../../protocol/config-error.ts";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";

export type FailureOptions = {
  readonly program: string;
  /** Shows the options of the command that was meant: `keyserver node --help`. */
  readonly help: string;
  readonly verbose: boolean;
  /** One document on standard output beside what is said on stderr, of the form that keyclient prints. */
  readonly json: boolean;
};

/** Says on stderr what went wrong and what to type next; gives the exit code. */
export function reportFailure(
  error: unknown,
  { program, help, verbose, json }: FailureOptions,
): ExitCode {
  // commander has printed its message, or the help or version that was asked for.
  if (error instanceof CommanderError) return usageExit(error, program, help);
  const say = (kind: string, text: string): void =>
    void process.stderr.write(`${program}: ${kind}: ${text}\n`);
  const message = error instanceof Error ? error.message : String(error);
  say("error", message);
  const hint = hintOf(error);
  if (hint !== undefined) say("hint", hint);
  if (verbose && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  if (verbose && error instanceof Error && error.cause !== undefined)
    say("cause", inspect(error.cause));
  const exit = exitOf(error);
  if (json) {
    const hints = hint === undefined ? [] : [hint];
    const document = { schema: 1, error: message, hints, exit };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
  return exit;
}

function exitOf(error: unknown): ExitCode {
  if (error instanceof OperatorError) return error.exitCode;
  return error instanceof ConfigError ? EXIT.usage : EXIT.unexpected;
}

function usageExit({ exitCode, code }: CommanderError, program: string, help: string): ExitCode {
  if (exitCode === 0) return EXIT.ok;
  if (code !== "commander.help") process.stderr.write(`${program}: hint: ${help}\n`);
  return EXIT.usage;
}

function hintOf(error: unknown): string | undefined {
  if (error instanceof OperatorError) return error.hint;
  if (error instanceof ConfigError)
    return "put that right, then run the same command again; nothing was changed";
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  // Its message says what to do.
  if (code === "ledger.unusable") return "nothing was changed";
  if (code === "EACCES" || code === "EPERM")
    return "run it as root, or give --root a folder of yours";
  if (code === "ENOSPC") return "make room on this file system, then run it again";
  return "run it again with --verbose; nothing was changed unless it says so above";
}
