import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runOk } from "../harness/command.ts";

/** What a whole command takes, its start included. */
export type Cost = {
  /** From its start to its end. */
  readonly milliseconds: number;
  /** Seconds of CPU, of its children too. */
  readonly cpu: number;
};

/** Runs a command that has to succeed; bash keeps the time. */
export async function measureCost(command: readonly string[]): Promise<Cost> {
  const script = 'TIMEFORMAT="took %R %U %S"; time "$@" >/dev/null';
  const text = await runOk("bash", ["-c", `{ ${script}; } 2>&1`, "bash", ...command]);
  const [, real, user, system] = /^took ([\d.]+) ([\d.]+) ([\d.]+)$/m.exec(text) ?? [];
  return { milliseconds: Number(real) * 1000, cpu: Number(user) + Number(system) };
}

/** Peak resident memory, MB, as the program itself sees it at its end: nothing in Debian's base can tell. */
export async function measurePeak(command: readonly string[], folder: string): Promise<number> {
  const [hook, seen] = [join(folder, "peak.cjs"), join(folder, "peak")];
  const write = `require("node:fs").writeFileSync(${JSON.stringify(seen)}, String(process.resourceUsage().maxRSS))`;
  writeFileSync(hook, `process.on("exit", () => ${write});\n`);
  const [file = "", ...args] = command;
  const env = { PATH: process.env["PATH"] ?? "", NODE_OPTIONS: `--require ${hook}` };
  await runOk(file, args, { env });
  return (Number(readFileSync(seen, "utf8")) * 1024) / 1e6;
}
