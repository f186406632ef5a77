import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import type { AgentDeps } from "../agent/agent.ts";
import { findIdle } from "../agent/idle.ts";
import { openWorkshop } from "../agent/workshop.ts";
import { reportLife } from "../service/supervisor.ts";
import { Failure } from "../terminal/failure.ts";
import type { Output } from "../terminal/output.ts";
import { runAndTell } from "./once.ts";

/** Milliseconds: a machine that was suspended notices within this time, since timers stand still then. */
const LONGEST_SLEEP = 30_000;

/** `keyclient run` does as a daemon what a timer does with `once`; SIGTERM ends it after the work at hand. */
export async function runCommand(
  deps: AgentDeps,
  output: Output,
  signal: AbortSignal,
): Promise<ExitCode> {
  openWorkshop(deps);
  output.say("keyclient is running");
  const silence = await reportLife(process.env, process.pid);
  try {
    while (!signal.aborted) {
      const idle = findIdle(deps.paths, deps.now());
      if (idle === undefined) await tick(deps, output);
      const next = findIdle(deps.paths, deps.now());
      const left = next === undefined ? LONGEST_SLEEP : Date.parse(next.wake) - deps.now();
      await sleep(Math.max(1000, Math.min(left, LONGEST_SLEEP)), signal);
    }
  } finally {
    silence();
  }
  return EXIT.ok;
}

async function tick(deps: AgentDeps, output: Output): Promise<void> {
  try {
    const options = { asked: new Set<string>(), only: false };
    const report = await runAndTell(deps, output, options);
    if (report.obstacle !== undefined) output.fail(report.obstacle);
  } catch (error) {
    // A file that is wrong now may be right in half a minute.
    if (!(error instanceof Failure)) throw error;
    output.fail(error);
  }
}

function sleep(time: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, time);
  const stop = (): void => {
    clearTimeout(timer);
    resolve();
  };
  signal.addEventListener("abort", stop, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", stop));
}
