import { type ChildProcess, spawn } from "node:child_process";
import { FILE_CALLS } from "../harness/fault.ts";

/** A trace of one thread of a program that was running before. */
export type Attached = {
  /** Lets go of the program and waits until strace is gone. */
  detach(): Promise<void>;
};

/**
 * Attaches strace to the main thread of `pid` with these arguments (`-e inject=…`, `-o FILE`).
 *
 * The main thread alone: SQLite, the sockets and the sign record are written by it, so that its calls
 * have one order.
 *
 * @throws Error with what strace said when it cannot attach.
 */
export async function attachStrace(pid: number, args: readonly string[]): Promise<Attached> {
  const child = spawn("strace", ["-o", "/dev/null", ...args, "-p", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await untilAttached(child);
  return {
    async detach() {
      child.kill("SIGINT");
      await gone;
    },
  };
}

function untilAttached(child: ChildProcess): Promise<void> {
  let said = "";
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => reject(new Error(`strace ended: ${said}`)));
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("attached")) resolve();
    });
  });
}

/** The system calls by which a program writes, syncs and moves, without those that only open. */
export const WRITING_CALLS = FILE_CALLS.filter((call) => call !== "openat");

/** A moment in the life of a program: its `at`-th call of `call` from now on. */
export type Point = { readonly call: (typeof WRITING_CALLS)[number]; readonly at: number };

/** Arguments that kill the program when it enters a call, before the kernel does anything of it. */
export const killAt = ({ call, at }: Point): readonly string[] => [
  "-e",
  `trace=${call}`,
  "-e",
  `inject=${call}:signal=KILL:when=${at}`,
];
