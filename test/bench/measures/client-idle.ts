import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startCluster } from "../../harness/cluster.ts";
import { runOk } from "../../harness/command.ts";
import { CHECKOUT } from "../../harness/source-tree.ts";
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
    await measureCpu(command);
    const seconds: number[] = [];
    for (let turn = 0; turn < RUNS; turn += 1) seconds.push(await measureCpu(command));
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

/** CPU seconds of a command that has to succeed, its children included; bash keeps the time. */
async function measureCpu(command: readonly string[]): Promise<number> {
  const script = 'TIMEFORMAT="cpu %U %S"; time "$@" >/dev/null';
  const text = await runOk("bash", ["-c", `{ ${script}; } 2>&1`, "bash", ...command]);
  const [, user, system] = /^cpu ([\d.]+) ([\d.]+)$/m.exec(text) ?? [];
  return Number(user) + Number(system);
}

/** Peak resident memory, MB, as the program itself sees it at its end: nothing in Debian's base can tell. */
async function measurePeak(command: readonly string[], folder: string): Promise<number> {
  const [hook, seen] = [join(folder, "peak.cjs"), join(folder, "peak")];
  const write = `require("node:fs").writeFileSync(${JSON.stringify(seen)}, String(process.resourceUsage().maxRSS))`;
  writeFileSync(hook, `process.on("exit", () => ${write});\n`);
  const [file = "", ...args] = command;
  const env = { PATH: process.env["PATH"] ?? "", NODE_OPTIONS: `--require ${hook}` };
  await runOk(file, args, { env });
  return (Number(readFileSync(seen, "utf8")) * 1024) / 1e6;
}
