import { mkdirSync } from "node:fs";
import { EXIT, type ExitCode } from "../protocol/exit-codes.ts";
import { dependenciesOf } from "./commands/context.ts";
import { runProgram, type Environment, type GlobalFlags } from "./commands/program.ts";
import { codeOfError, Failure, messageOf } from "./terminal/failure.ts";
import { createOutput, type Output, type OutputOptions } from "./terminal/output.ts";

/** Runs keyclient with these arguments and gives its exit code; never throws. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  // Modes are given as they are meant.
  process.umask(0o022);
  // Whoever reads our output may have read enough.
  process.stdout.on("error", ignoreClosedPipe);
  let output = speak({ json: args.includes("--json"), quiet: false, verbose: false, color: false });
  try {
    const words = args.length === 0 ? ["help"] : args;
    return await runProgram(words, {
      stdout: (text) => process.stdout.write(text),
      open: (flags, command) => {
        output = speak(optionsOf(flags));
        return environmentOf(flags, command, output);
      },
    });
  } catch (error) {
    return report(output, error);
  }
}

const speak = (options: OutputOptions): Output =>
  createOutput(options, { stdout: process.stdout, stderr: process.stderr });

const optionsOf = ({ json, quiet, verbose, color }: GlobalFlags): OutputOptions => ({
  json: json === true,
  quiet: quiet === true,
  verbose: verbose === true,
  color: color && process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
});

function environmentOf({ root }: GlobalFlags, command: string, output: Output): Environment {
  if (command === "join") mkdirSync(root, { recursive: true });
  const deps = dependenciesOf({ root, now: () => Date.now(), random: () => Math.random() });
  return { deps, output, signal: endSignal(command) };
}

/** The daemon ends after the work at hand; every other command just ends. */
function endSignal(command: string): AbortSignal {
  const stop = new AbortController();
  if (command === "run") {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
  }
  return stop.signal;
}

function report(output: Output, error: unknown): ExitCode {
  if (error instanceof Failure) {
    output.fail(error);
    output.document({ error: error.message, hints: error.hints, exit: error.exit });
    return error.exit;
  }
  const failure = explain(error);
  output.fail(failure);
  output.document({ error: failure.message, hints: failure.hints, exit: failure.exit });
  if (output.options.verbose && error instanceof Error) output.detail(error.stack ?? "");
  return failure.exit;
}

function explain(error: unknown): Failure {
  const isPermission = codeOfError(error) === "EACCES" || codeOfError(error) === "EPERM";
  const hint = isPermission
    ? "run keyclient as root"
    : "the whole story:  keyclient status --verbose";
  return new Failure(EXIT.unexpected, messageOf(error), [hint], { cause: error });
}

function ignoreClosedPipe(error: unknown): void {
  if (codeOfError(error) !== "EPIPE") throw error;
}
