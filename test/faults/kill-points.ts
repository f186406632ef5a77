import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { attachStrace, killAt, type Point, WRITING_CALLS } from "./strace.ts";

/** What is killed, while what, and what is looked at afterwards. */
export type KillPlan<G, T> = {
  /** Folder for the trace. */
  readonly folder: string;
  /** The process to kill; asked anew for each kill. */
  readonly pid: () => number;
  /** What an operation needs; before anything is killed. */
  readonly prepare: () => Promise<G>;
  /** One operation, from its request to its answer. When the process dies under it, it rejects or answers. */
  readonly operate: (given: G) => Promise<T>;
  /** Called after each kill, with the answer where there was one. It starts anew what was killed. */
  readonly afterKill: (given: G, answer: T | undefined) => Promise<void>;
};

/** One for each call that the process was killed at, as `pwrite64 3`. */
export type Killed = readonly string[];

/**
 * Kills a process at every write, sync and rename of an operation, one after the other.
 *
 * strace counts each kind of call by itself, so each is gone through by itself: those that an operation
 * without a fault makes, until it goes through without being hit.
 */
export async function killAtEachCall<G, T>(plan: KillPlan<G, T>): Promise<Killed> {
  const killed: string[] = [];
  for (const call of await callsOf(plan)) {
    for (let at = 1; await isHit(plan, { call, at }); at++) killed.push(`${call} ${at}`);
  }
  return killed;
}

/** The kinds of call that an operation makes. */
async function callsOf<G, T>({
  folder,
  pid,
  prepare,
  operate,
}: KillPlan<G, T>): Promise<readonly Point["call"][]> {
  const given = await prepare();
  const file = join(folder, "calls.trace");
  const trace = await attachStrace(pid(), ["-e", `trace=${WRITING_CALLS.join(",")}`, "-o", file]);
  await operate(given);
  await trace.detach();
  const lines = readFileSync(file, "utf8").split("\n");
  rmSync(file);
  return WRITING_CALLS.filter((call) => lines.some((line) => line.startsWith(`${call}(`)));
}

async function isHit<G, T>(plan: KillPlan<G, T>, point: Point): Promise<boolean> {
  const given = await plan.prepare();
  const pid = plan.pid();
  const trace = await attachStrace(pid, killAt(point));
  const [outcome] = await Promise.allSettled([plan.operate(given)]);
  await trace.detach();
  if (await stays(pid)) {
    // An operation that fails without a kill is a fault of the test or of the program.
    if (outcome.status === "rejected") throw outcome.reason;
    return false;
  }
  await plan.afterKill(given, outcome.status === "fulfilled" ? outcome.value : undefined);
  return true;
}

/** Milliseconds within which a process is gone that was killed, after an answer as well. */
const DYING = 250;

/** Whether a process goes on. One that was killed in a call after its answer is there for a moment yet. */
async function stays(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  await setTimeout(DYING);
  return isAlive(pid);
}

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}
