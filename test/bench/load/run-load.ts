import { fork } from "node:child_process";
import { join } from "node:path";
import { cpuSeconds } from "../../harness/process-table.ts";
import type { LoadMessage, LoadPlan, LoadReport } from "./plan.ts";

/** What a load came to, all its processes together. */
export type LoadOutcome = {
  /** Answered requests a second. */
  readonly rate: number;
  readonly failed: number;
  readonly failure?: string;
  /** Milliseconds, ascending. */
  readonly latencies: Float64Array;
  /** Seconds of CPU for each request: of the watched processes, and of the load itself. */
  readonly serverCpu: number;
  readonly loadCpu: number;
};

const PROCESSES = 2;

/** Runs a plan in two processes that share its connections and its rate; `watched` are the server's process ids. */
export async function runLoad(
  plan: LoadPlan,
  watched: () => readonly number[],
): Promise<LoadOutcome> {
  const cpu = (): number => watched().reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  let before = 0;
  const began = (): void => {
    before = cpu();
  };
  const parts = splitPlan(plan);
  const reports = await Promise.all(parts.map((part) => runProcess(part, began)));
  return sumUp(reports, cpu() - before);
}

/** Clients and requests are dealt out, so that no two processes speak as the same node when there are enough. */
function splitPlan(plan: LoadPlan): readonly LoadPlan[] {
  const processes = Math.min(PROCESSES, plan.connections);
  const share = <T>(all: readonly T[], part: number): readonly T[] =>
    all.length < processes ? all : all.filter((_, index) => index % processes === part);
  return Array.from({ length: processes }, (_, part) => ({
    ...plan,
    clients: share(plan.clients, part),
    requests: share(plan.requests, part),
    connections: Math.floor((plan.connections + part) / processes),
    ...(plan.rate === undefined ? {} : { rate: plan.rate / processes }),
  }));
}

function runProcess(plan: LoadPlan, began: () => void): Promise<LoadReport> {
  const child = fork(join(import.meta.dirname, "main.ts"), [], { serialization: "advanced" });
  return new Promise<LoadReport>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) =>
      reject(new Error(`the load ended early with ${code ?? "a signal"}`)),
    );
    child.on("message", (message: LoadMessage) => {
      if (message.event === "begin") began();
      else if (message.event === "end") resolve(message.report);
      else reject(new Error(message.why));
    });
    child.send(plan);
  }).finally(() => child.disconnect());
}

function sumUp(reports: readonly LoadReport[], serverCpu: number): LoadOutcome {
  const answered = reports.reduce((sum, report) => sum + report.answered, 0);
  const failure = reports.find((report) => report.failure !== undefined)?.failure;
  const each = (seconds: number): number => (answered === 0 ? 0 : seconds / answered);
  return {
    rate: reports.reduce((sum, report) => sum + report.answered / report.seconds, 0),
    failed: reports.reduce((sum, report) => sum + report.failed, 0),
    ...(failure === undefined ? {} : { failure }),
    latencies: Float64Array.from(reports.flatMap(({ latencies }) => [...latencies])).sort(),
    serverCpu: each(serverCpu),
    loadCpu: each(reports.reduce((sum, { cpu }) => sum + cpu, 0)),
  };
}

/** The value below which the share `quantile` of ascending `values` lies; 0 of none. */
export const quantileOf = (values: Float64Array, quantile: number): number =>
  values[Math.floor(quantile * (values.length - 1))] ?? 0;
