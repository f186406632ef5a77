import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type CommandOptions, type Outcome } from "./command.ts";

/** What happens to the `at`-th call (from 1) of one of `calls` in each thread of a traced program. */
export type Fault = {
  readonly calls: readonly string[];
  readonly at: number;
  readonly effect: { readonly error: "EIO" | "ENOSPC" | "EROFS" } | { readonly signal: "KILL" };
};

/** System calls through which Node.js and SQLite write, sync and move files. */
export const FILE_CALLS = [
  "write",
  "pwrite64",
  "writev",
  "pwritev",
  "fsync",
  "fdatasync",
  "rename",
  "renameat",
  "renameat2",
  "ftruncate",
  "unlink",
  "openat",
] as const;

/** The command that runs `command` under strace with `fault`: its output goes nowhere, its exit code is the program's. */
export function withFault(fault: Fault, command: readonly string[]): readonly string[] {
  const calls = fault.calls.join(",");
  const effect =
    "signal" in fault.effect ? `signal=${fault.effect.signal}` : `error=${fault.effect.error}`;
  const inject = ["-e", `trace=${calls}`, "-e", `inject=${calls}:${effect}:when=${fault.at}`];
  return ["strace", "-f", "-qq", "-o", "/dev/null", ...inject, "--", ...command];
}

/**
 * Runs `command` and gives the calls that it made, in order, each as strace writes it.
 *
 * @throws Error when strace is missing or the command takes longer than its time.
 */
export async function traceCalls(
  calls: readonly string[],
  command: readonly string[],
  options: CommandOptions & {
    /** Texts and environments as a whole; else strace cuts them short. */
    readonly whole?: boolean;
  } = {},
): Promise<{ readonly outcome: Outcome; readonly lines: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "keysystem-trace-"));
  try {
    const args = [
      "-ff",
      "-qq",
      "-ttt",
      ...(options.whole === true ? ["-v", "-s", "1000000"] : []),
      "-o",
      join(folder, "trace"),
      "-e",
      `trace=${calls.join(",")}`,
    ];
    const outcome = await run("strace", [...args, "--", ...command], options);
    return { outcome, lines: readTraces(folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const readTraces = (folder: string): readonly string[] =>
  globSync(join(folder, "trace.*"))
    .flatMap((file) => readFileSync(file, "utf8").split("\n"))
    .filter((line) => line !== "")
    .sort()
    .map((line) => line.slice(line.indexOf(" ") + 1));
