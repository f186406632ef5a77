import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { EXIT } from "../../../protocol/exit-codes.ts";
import { codeOfError, Failure, messageOf } from "../../terminal/failure.ts";
import type { Environment } from "../deps.ts";

/** A program to run; no shell reads any of it. */
export type ProgramCall = {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Environment;
};

/** What asks a program to end. */
const ENDING = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"] as const;

/** What a terminal sends to everything that runs on it, so that passing it on would send it twice. */
const FROM_TERMINAL: readonly string[] = ["SIGINT", "SIGQUIT"];

/** What a shell says of a program that a signal ended. */
const SIGNALLED = 128;

/**
 * Runs a program in our place: it has our standard streams, and signals that we get. Gives its exit
 * code; 128 and the signal's number when one ended it.
 *
 * @throws Failure when it cannot be started.
 */
export async function runProgram({ file, args, environment }: ProgramCall): Promise<number> {
  const child = spawn(file, args, { stdio: "inherit", env: environment });
  const stop = passSignalsOn(child);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("error", (error) => reject(explainStart(file, error)));
  child.on("exit", (code, signal) =>
    resolve(code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal])),
  );
  try {
    return await promise;
  } finally {
    stop();
  }
}

function passSignalsOn(child: ChildProcess): () => void {
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const pass = (signal: NodeJS.Signals): void => {
    if (!hasTerminal || !FROM_TERMINAL.includes(signal)) child.kill(signal);
  };
  for (const signal of ENDING) process.on(signal, pass);
  return () => {
    for (const signal of ENDING) process.off(signal, pass);
  };
}

function explainStart(file: string, error: unknown): Failure {
  const name = JSON.stringify(file);
  if (codeOfError(error) === "ENOENT") {
    return new Failure(EXIT.usage, `there is no program ${name}`, [hintFor(file)], {
      cause: error,
    });
  }
  return new Failure(EXIT.usage, `${name} cannot be run: ${messageOf(error)}`, [`ls -l ${file}`], {
    cause: error,
  });
}

const PACKAGES = new Map([
  ["kubectl", "kubernetes-client"],
  ["etcdctl", "etcd-client"],
]);

function hintFor(file: string): string {
  const name = PACKAGES.get(file);
  return name === undefined ? "is it on PATH, and spelt so?" : `apt install ${name}`;
}
