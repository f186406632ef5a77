import { commandLine, peakMegabytes } from "../../harness/process-table.ts";
import type { Measure } from "../measure.ts";

/** `memory.*`: peak resident memory after the loads that need the most of it. */
export const memory: Measure = {
  names: ["memory.keyserver", "memory.keysigner"],
  async run(context) {
    await context.load("kept.8");
    await context.load("storm.8");
    const pids = (await context.authority()).pids();
    const isSigner = (pid: number): boolean =>
      commandLine(pid).some((word) => word.includes("keys/signer"));
    const peak = (wanted: boolean): number =>
      Math.max(...pids.filter((pid) => isSigner(pid) === wanted).map(peakMegabytes));
    return {
      "memory.keyserver": { value: peak(false), unit: "MB" },
      "memory.keysigner": { value: peak(true), unit: "MB" },
    };
  },
};
