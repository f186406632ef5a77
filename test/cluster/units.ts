import type { Machine } from "./machines.ts";
import { until } from "./until.ts";

/** What systemd says of a unit. */
export const showUnit = async (machine: Machine, unit: string, property: string): Promise<string> =>
  (await machine.ok(["systemctl", "show", unit, `-P${property}`])).trim();

/** Changes a unit for as long as `use` takes; it is restarted neither before nor after. */
export async function withDropIn<T>(
  machine: Machine,
  unit: string,
  lines: string,
  use: () => Promise<T>,
): Promise<T> {
  const file = `/run/systemd/system/${unit}.d/cluster.conf`;
  await machine.write(file, lines);
  await machine.ok(["systemctl", "daemon-reload"]);
  try {
    return await use();
  } finally {
    await machine.ok(["rm", file]);
    await machine.ok(["systemctl", "daemon-reload"]);
  }
}

/** Changes a file for as long as `use` takes. */
export async function withFile<T>(
  machine: Machine,
  path: string,
  text: string,
  use: () => Promise<T>,
): Promise<T> {
  const before = await machine.read(path);
  await machine.write(path, text);
  try {
    return await use();
  } finally {
    await machine.write(path, before);
  }
}

/** The time on the machine, for {@link journalSince}. A cursor would do, did journalctl not skip a match after it. */
export const markJournal = async (machine: Machine): Promise<string> =>
  (await machine.ok(["date", "+@%s.%6N"])).trim();

/** Messages after the mark, one a line, that `matches` (arguments of journalctl) choose. */
export async function journalSince(
  machine: Machine,
  mark: string,
  ...matches: readonly string[]
): Promise<string> {
  await machine.ok(["journalctl", "--sync"]);
  const since = ["--quiet", "--output=cat", `--since=${mark}`];
  return machine.ok(["journalctl", ...since, ...matches]);
}

/**
 * Runs a program of Node.js under all that a unit forbids, as its ExecStartPre, and gives what it printed.
 * keyserver is restarted twice: with the probe, and without it again.
 */
export async function runInside(machine: Machine, unit: string, program: string): Promise<string> {
  const path = "/usr/lib/keysystem/probe.mjs";
  const mark = await markJournal(machine);
  const restart = ["systemctl", "restart", "keyserver"];
  await machine.write(path, program);
  try {
    const lines = `[Service]\nExecStartPre=/usr/lib/keysystem/node ${path}\n`;
    await withDropIn(machine, unit, lines, async () => {
      await machine.ok(restart);
      await until(`${unit} is up`, async () => isActive(machine, unit));
    });
    await machine.ok(restart);
    return await journalSince(machine, mark, `--unit=${unit}`);
  } finally {
    await machine.ok(["rm", path]);
  }
}

/** Whether a unit is up. */
export const isActive = async (machine: Machine, unit: string): Promise<boolean> =>
  (await showUnit(machine, unit, "ActiveState")) === "active";
