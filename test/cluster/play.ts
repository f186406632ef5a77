import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run, runOk } from "../harness/command.ts";
import { createMachine, type Machine } from "./machines.ts";
import { createNetwork } from "./network.ts";
import { PARTS } from "./parts.ts";
import { createReport, formatTable, type PartOutcome } from "./report.ts";
import { MACHINES } from "./site.ts";
import type { Part, Stage } from "./stage.ts";
import { choose, playStory } from "./story.ts";

/**
 * `play.ts --folder DIR --logs DIR --images DIR [--packages DIR] [--only PART]… [--keep]`, started by main.ts in
 * namespaces of its own for mounts and network: what it makes of either ends with it.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS });
  const { folder = "", logs = "", images = "", only = [], keep = false } = values;
  const { packages: built = "" } = values;
  const report = createReport((text) => void process.stdout.write(text));
  const parts = choose(PARTS, only);
  const outcomes: PartOutcome[] = [];
  const figures: (readonly [string, string])[] = [];
  const ends: (() => void | Promise<void>)[] = [];
  const interrupted = new Promise<"interrupted">((resolve) => {
    for (const signal of SIGNALS) process.on(signal, () => resolve("interrupted"));
  });

  await hideNames();
  const packages = copyPackages(built, folder);
  const network = await createNetwork();
  const machines = new Map(
    MACHINES.map((spec) => {
      const deps = { spec, folder, logs, images, bridge: network.bridge, packages };
      return [spec.name, createMachine(deps)] as const;
    }),
  );
  const stage: Stage = {
    machine(name) {
      const machine = machines.get(name);
      if (machine === undefined) throw new TypeError(`no machine is called ${name}`);
      return machine;
    },
    network,
    logs,
    note: (text) => report.note(text),
    figure: (name, value) => void figures.push([name, value]),
    atEnd: (end) => void ends.unshift(end),
  };
  const played = async (): Promise<"played"> => {
    await bootAll(parts, stage);
    await playStory(parts, stage, report, (outcome) => outcomes.push(outcome));
    return "played";
  };
  let wasPlayed = false;
  try {
    wasPlayed = (await Promise.race([played(), interrupted])) === "played";
    if (keep && wasPlayed) {
      process.stdout.write(formatDoors([...machines.values()]));
      await interrupted;
    }
  } finally {
    for (const end of ends) await Promise.resolve(end()).catch(() => undefined);
    await Promise.all([...machines.values()].map((machine) => machine.cutPower()));
    await keepJournals(folder, logs);
  }
  process.stdout.write(`\nlogs: ${logs}\n${wasPlayed ? "" : "interrupted\n"}`);
  process.stdout.write(formatTable(outcomes, figures));
  return wasPlayed && outcomes.every(({ failed }) => failed === 0) ? 0 : 1;
}

const OPTIONS = {
  folder: { type: "string" },
  logs: { type: "string" },
  images: { type: "string" },
  only: { type: "string", multiple: true },
  keep: { type: "boolean" },
  packages: { type: "string" },
} as const;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** systemd-nspawn keeps a folder for each machine's name; another cluster may have the same names. */
async function hideNames(): Promise<void> {
  const folder = "/run/systemd/nspawn";
  mkdirSync(folder, { recursive: true });
  await runOk("mount", ["-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder]);
}

/** As they are now: a build may replace them meanwhile. */
function copyPackages(from: string, folder: string): string {
  const packages = join(folder, "packages");
  mkdirSync(packages);
  const built = existsSync(from) ? readdirSync(from) : [];
  for (const name of built) {
    if (name.endsWith(".deb")) copyFileSync(join(from, name), join(packages, name));
  }
  return packages;
}

/** Two at a time: each uses a whole core while it starts. */
async function bootAll(parts: readonly Part[], stage: Stage): Promise<void> {
  const names = new Set(parts.flatMap((part) => part.machines));
  const waiting = MACHINES.map(({ name }) => name).filter((name) => names.has(name));
  const boot = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      await stage.machine(name).boot();
    }
  };
  await Promise.all([boot(), boot()]);
}

/** How to get into the machines that were kept. */
function formatDoors(machines: readonly Machine[]): string {
  const doors = machines.flatMap(({ name, leader, isOn }) =>
    isOn() ? [`  ${name}   nsenter -t ${leader()} -a bash -l\n`] : [],
  );
  return `\nThe machines stay on until Ctrl-C:\n${doors.join("")}`;
}

async function keepJournals(folder: string, logs: string): Promise<void> {
  for (const { name } of MACHINES) {
    const directory = join(folder, name, "upper/var/log/journal");
    const log = join(logs, `${name}.journal`);
    const script = `[ ! -d "$0" ] || journalctl --no-pager --output=short-iso --directory="$0" >"$1"`;
    await run("sh", ["-c", script, directory, log], { timeout: 60 }).catch(() => undefined);
    await run("umount", [join(folder, name, "root")]).catch(() => undefined);
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

process.exit(await main());
