import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startDaemon, type Daemon } from "../harness/process.ts";
import { groupOf, makeControlGroups, removeControlGroups } from "./control-group.ts";
import { createInside } from "./inside.ts";
import { makeRoot } from "./root.ts";
import type { MachineSpec } from "./site.ts";
import { until } from "./until.ts";

/** A machine's switch. */
export type Power = {
  readonly isOn: () => boolean;
  /** Process id of its first process as this machine sees it; 0 when it is off. */
  readonly leader: () => number;
  /** Seconds from power to `systemctl is-system-running`, the last time. */
  readonly bootSeconds: () => number;
  /** Power on, until everything has started. */
  boot(): Promise<void>;
  reboot(): Promise<void>;
  /** As `systemctl poweroff`. The disk stays. */
  powerOff(): Promise<void>;
  /** As pulling the plug: every process ends where it stands. The disk stays. */
  cutPower(): Promise<void>;
};

export type PowerDeps = {
  readonly spec: MachineSpec;
  /** For disks, and for logs. */
  readonly folder: string;
  readonly logs: string;
  readonly images: string;
  readonly bridge: string;
  /** Folder of packages, which every machine sees in /media/packages. */
  readonly packages: string;
};

/** A switch that is off. */
export function createPower(deps: PowerDeps): Power {
  let daemon: Daemon | undefined;
  let leader = 0;
  let root: string | undefined;
  let bootSeconds = 0;
  /** Waits until its first process has started everything. */
  const settle = async (): Promise<void> => {
    const began = performance.now();
    leader = await findLeader(deps.spec.name, daemon);
    await waitForUnits(deps.spec.name, leader);
    bootSeconds = (performance.now() - began) / 1000;
  };
  const ended = async (): Promise<void> => {
    leader = 0;
    await removeControlGroups(groupOf(deps.folder, deps.spec.name));
  };
  const ask = (verb: string): Promise<unknown> =>
    // The connection is cut by what was asked for.
    createInside(deps.spec.name, () => leader)
      .run(["systemctl", verb])
      .catch(() => undefined);
  const switchOff = async (verb: "poweroff" | "reboot"): Promise<void> => {
    if (daemon === undefined || leader === 0) return;
    await ask(verb);
    const patience = setTimeout(() => void daemon?.kill(), 30_000);
    await daemon.ended.finally(() => clearTimeout(patience));
    await ended();
  };
  const switchOn = async (): Promise<void> => {
    root ??= await makeRoot(deps.folder, deps.images, deps.spec);
    daemon = startMachine(deps, root);
    await settle();
  };
  return {
    isOn: () => leader !== 0,
    leader: () => leader,
    bootSeconds: () => bootSeconds,
    boot: switchOn,
    async reboot() {
      // systemd-nspawn leaves it to whoever started it (133) to start it again.
      await switchOff("reboot");
      await switchOn();
    },
    powerOff: () => switchOff("poweroff"),
    async cutPower() {
      await daemon?.kill();
      await ended();
    },
  };
}

const findLeader = (name: string, daemon: Daemon | undefined): Promise<number> =>
  until(
    `${name}: a first process`,
    async () => {
      if (daemon?.hasEnded() === true) throw new Error(`${name} is off\n${daemon.output()}`);
      return childrenOf(daemon?.pid ?? 0).find(isFirst);
    },
    { every: 0.2 },
  );

async function waitForUnits(name: string, leader: number): Promise<void> {
  const inside = createInside(name, () => leader);
  await until(
    `${name}: everything has started`,
    async () => {
      const { stdout } = await inside.run(["systemctl", "is-system-running", "--wait"]);
      if (["running\n", "degraded\n"].includes(stdout)) return true;
      throw new Error(`systemctl is-system-running: ${stdout}`);
    },
    { seconds: 120, every: 0.3 },
  );
}

/**
 * systemd-nspawn, in the machine's own control groups. It ends with this process, however that ends; the machine
 * in it would go on, and main.ts ends it by its groups.
 */
function startMachine({ spec, folder, logs, bridge, packages }: PowerDeps, root: string): Daemon {
  const procs = makeControlGroups(groupOf(folder, spec.name));
  const boot = `--quiet --boot --register=no --keep-unit --link-journal=no`.split(" ");
  const own = [`--directory=${root}`, `--machine=${spec.name}`, `--network-bridge=${bridge}`];
  const plain = ["--resolv-conf=off", "--timezone=off", "--console=pipe"];
  const shown = [`--bind-ro=${packages}:/media/packages`, ...(spec.nspawn ?? [])];
  const nspawn = ["systemd-nspawn", ...boot, ...own, ...plain, ...shown];
  const enter = procs.map((file) => `echo $$ >${file}; `).join("");
  const script = `${enter} exec setpriv --pdeathsig KILL "$@"`;
  return startDaemon("sh", ["-euc", script, "sh", ...nspawn], {
    log: join(logs, `${spec.name}.console`),
    env: { PATH: process.env["PATH"] ?? "", SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1" },
  });
}

function childrenOf(pid: number): readonly number[] {
  return readProc(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/** Whether it is process 1 of its namespace. */
const isFirst = (pid: number): boolean => /^NSpid:.*\s1$/m.test(readProc(`/proc/${pid}/status`));

function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended.
    return "";
  }
}
