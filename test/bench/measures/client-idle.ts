import { join } from "node:path";
import { startCluster } from "../../harness/cluster.ts";
import { CHECKOUT } from "../../harness/source-tree.ts";
import { measureCost, measurePeak } from "../command-cost.ts";
import type { Measure } from "../measure.ts";

const RUNS = 9;

/** `client.idle*`: what `keyclient once` takes when nothing is due, its start included; the median of nine runs. */
export const clientIdle: Measure = {
  names: ["client.idle", "client.idle.memory"],
  async run() {
    await using cluster = await startCluster();
    await cluster.join("m1");
    const root = cluster.nodeRoot("m1");
    const command = [join(CHECKOUT, "client/bin/keyclient"), "once", "--root", root];
    // The first run may still find something to do, and fills caches that every later one uses.
    await measureCost(command);
    const seconds: number[] = [];
    for (let turn = 0; turn < RUNS; turn += 1) seconds.push((await measureCost(command)).cpu);
    const memory = await measurePeak(command, cluster.folder);
    return {
      "client.idle": {
        value: seconds.sort((a, b) => a - b)[(RUNS - 1) / 2] ?? 0,
        unit: "s of CPU",
      },
      "client.idle.memory": { value: memory, unit: "MB" },
    };
  },
};
