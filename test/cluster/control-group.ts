import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Name of a machine's groups. The folder's name is the run's own. */
export const groupOf = (folder: string, machine: string): string =>
  `keysystem-${basename(folder)}-${machine}`;

/**
 * Control groups of a machine's own: without, the systemd of each would take the groups of the others for its.
 *
 * @returns the `cgroup.procs` files that the machine's first process is to be written into
 */
export function makeControlGroups(name: string): readonly string[] {
  return listGroups(name).map((group) => {
    mkdirSync(group, { recursive: true });
    return join(group, "cgroup.procs");
  });
}

/** Ends every process of a machine, whoever started it: systemd-nspawn's end alone is not the machine's. */
export async function endControlGroups(name: string): Promise<void> {
  for (const group of listGroups(name)) {
    const kill = join(group, "cgroup.kill");
    if (existsSync(kill)) writeFileSync(kill, "1");
  }
  await removeControlGroups(name);
}

/** Takes the groups away, as soon as their last process has gone; one that keeps a process stays. */
export async function removeControlGroups(name: string): Promise<void> {
  const areGone = (): boolean => {
    const groups = listGroups(name);
    groups.forEach(removeTree);
    return groups.every((group) => !existsSync(group));
  };
  for (let tries = 0; tries < 50 && !areGone(); tries += 1) await sleep(100);
}

/** Version 2, and systemd's own hierarchy where version 1 is mounted too. */
function listGroups(name: string): readonly string[] {
  const own = readFileSync("/proc/self/cgroup", "utf8").split("\n");
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return mounts.flatMap((line) => {
    const [, at = "", type = "", options = ""] = line.split(" ");
    const isNamed = type === "cgroup" && options.split(",").includes("name=systemd");
    if (type !== "cgroup2" && !isNamed) return [];
    const mark = isNamed ? ":name=systemd:" : "0::";
    const [, path = "/"] = own.find((entry) => entry.includes(mark))?.split(mark) ?? [];
    return [join(at, path, name)];
  });
}

function removeTree(group: string): void {
  try {
    const inner = readdirSync(group, { withFileTypes: true });
    for (const entry of inner) if (entry.isDirectory()) removeTree(join(group, entry.name));
    rmdirSync(group);
  } catch {
    // Not there, or not empty yet: an empty group costs nothing.
  }
}
