import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runOk } from "../harness/command.ts";
import { createMachine } from "../cluster/machines.ts";
import { createNetwork } from "../cluster/network.ts";
import { createReport, formatTable, type PartOutcome } from "../cluster/report.ts";
import { MACHINES } from "../cluster/site.ts";
import type { Stage } from "../cluster/stage.ts";
import { playStory } from "../cluster/story.ts";
import { archivePart } from "./archive-story.ts";
import { debianPart } from "./debian-story.ts";

/** `play.ts FOLDER IMAGES`, started by main.ts in namespaces of its own for mounts and network. */
async function main([folder = "", images = ""]: readonly string[]): Promise<number> {
  const logs = join(images, "logs", new Date().toISOString().slice(0, 19).replaceAll(":", ""));
  mkdirSync(logs, { recursive: true });
  await runOk("mount", ["-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run/systemd/nspawn"]);
  const network = await createNetwork();
  const packages = join(folder, "packages");
  const machines = MACHINES.filter(({ name }) => name === "m1" || name === "w1").map((spec) =>
    createMachine({ spec, folder, logs, images, bridge: network.bridge, packages }),
  );
  const report = createReport((text) => void process.stdout.write(text));
  const outcomes: PartOutcome[] = [];
  const figures: (readonly [string, string])[] = [];
  const stage: Stage = {
    machine(name) {
      const machine = machines.find((each) => each.name === name);
      if (machine === undefined) throw new TypeError(`no machine is called ${name}`);
      return machine;
    },
    network,
    logs,
    note: (text) => report.note(text),
    figure: (name, value) => void figures.push([name, value]),
    atEnd: () => undefined,
  };
  const cut = (): Promise<unknown> => Promise.all(machines.map((machine) => machine.cutPower()));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => void cut().finally(() => process.exit(1)));
  }
  try {
    await Promise.all(machines.map((machine) => machine.boot()));
    await playStory([debianPart, archivePart], stage, report, (outcome) => outcomes.push(outcome));
  } finally {
    await cut();
    for (const { name } of machines) await runOk("umount", [join(folder, name, "root")]);
  }
  process.stdout.write(formatTable(outcomes, figures));
  return outcomes.every(({ failed }) => failed === 0) ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
