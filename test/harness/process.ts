import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { listDescendants } from "./process-table.ts";

/** A program that runs beside the test and is ended by its process id, never by its name. */
export type Daemon = {
  readonly pid: number;
  /** Everything that it has written so far, both streams. */
  output(): string;
  /** Resolves with the exit code once it is gone; 128 when a signal ended it. */
  readonly ended: Promise<number>;
  /** Whether it is gone. */
  hasEnded(): boolean;
  /** Asks it to end (SIGTERM), after `patience` seconds ends it (SIGKILL), and waits until it is gone. */
  stop(patience?: number): Promise<number>;
  /** Ends it and all that it started (SIGKILL), and waits until it is gone. */
  kill(): Promise<number>;
  /** Lets it live on when this process ends. */
  release(): void;
};

export type DaemonOptions = {
  /** File that takes both its streams. */
  readonly log: string;
  /** Instead of this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
};

/** Starts a program beside the test; it ends with this process at the latest, unless released. */
export function startDaemon(file: string, args: readonly string[], options: DaemonOptions): Daemon {
  const { log, ...rest } = options;
  const output = openSync(log, "a", 0o600);
  const child = spawn(file, args, { ...rest, detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  const ended = waitForEnd(child);
  const killTree = (): void => killAll(child);
  process.once("exit", killTree);
  void ended.then(() => process.off("exit", killTree));
  return {
    pid: child.pid ?? 0,
    output: () => readFileSync(log, "utf8"),
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined,
    async stop(patience = 10) {
      child.kill("SIGTERM");
      const timer = setTimeout(killTree, patience * 1000);
      return ended.finally(() => clearTimeout(timer));
    },
    kill() {
      killTree();
      return ended;
    },
    release() {
      process.off("exit", killTree);
      child.unref();
    },
  };
}

/** Ends a process, then what it had started, so that it cannot start them anew. */
function killAll(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const descendants = listDescendants(child.pid);
  child.kill("SIGKILL");
  for (const pid of descendants) killOne(pid);
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}

function waitForEnd(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.on("error", () => resolve(127));
    child.on("exit", (code) => resolve(code ?? 128));
  });
}
