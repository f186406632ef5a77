import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

/** A program that runs beside the test and is ended by its process id, never by its name. */
export type Daemon = {
  readonly pid: number;
  /** Everything that it has written so far, both streams. */
  output(): string;
  /** Resolves with the exit code once it is gone; 128 when a signal ended it. */
  readonly ended: Promise<number>;
  /** Whether it has ended by itself or otherwise. */
  hasEnded(): boolean;
  /** Asks it to end (SIGTERM), after `patience` seconds ends it (SIGKILL), and waits until it is gone. */
  stop(patience?: number): Promise<number>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<number>;
};

/** Starts a program beside the test; `env` instead of this process's environment. */
export function startDaemon(
  file: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Daemon {
  const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = waitForEnd(child, chunks);
  return {
    pid: child.pid ?? 0,
    output: () => Buffer.concat(chunks).toString(),
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async stop(patience = 10) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), patience * 1000);
      return ended.finally(() => clearTimeout(timer));
    },
    kill() {
      child.kill("SIGKILL");
      return ended;
    },
  };
}

function waitForEnd(child: ChildProcess, chunks: Buffer[]): Promise<number> {
  return new Promise((resolve) => {
    child.on("error", (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      resolve(127);
    });
    child.on("exit", (code) => resolve(code ?? 128));
  });
}

/** Process ids of the children of `pid`, theirs too. */
export function listDescendants(pid: number): readonly number[] {
  const text = readProc(`/proc/${pid}/task/${pid}/children`);
  const children = text.split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...listDescendants(child)]);
}

/** CPU seconds that a process has used, its ended children not counted; 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  const text = readProc(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces; utime and stime are fields 14 and 15 (proc_pid_stat(5)).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const TICKS_PER_SECOND = 100;
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

/** Peak resident memory of a process in MB (10⁶ bytes); 0 when it is gone. */
export function peakMegabytes(pid: number): number {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`));
  return (Number(found?.[1] ?? 0) * 1024) / 1e6;
}

/** The words of a process's command line; empty when it is gone. */
export const commandLine = (pid: number): readonly string[] =>
  readProc(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);

function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
