import { mkdirSync } from "node:fs";
import type { ExitCode } from "../protocol/exit-codes.ts";
import { dependenciesOf } from "./commands/context.ts";
import { runProgram, type Environment, type GlobalFlags } from "./commands/program.ts";
import { createOutput, type Output, type OutputOptions } from "./terminal/output.ts";
import { ignoreClosedPipe, reportError } from "./terminal/report.ts";

/** Runs keyclient with these arguments and gives its exit code; never throws. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  // Modes are given as they are meant.
  process.umask(0o022);
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
    return reportError(output, error, {
      permission: "run keyclient as root",
      other: "the whole story:  keyclient status --verbose",
    });
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
