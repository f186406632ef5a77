import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connectDirectories } from "../connect.ts";
import { documentedLines } from "../documented.ts";
import type { Machine } from "../machines.ts";
import { FAST_TIMER, NODES, readJoinString } from "../nodes.ts";
import { HOST_KEYS, SSHD_LINES } from "../sshd.ts";
import type { Part, Stage, Step } from "../stage.ts";
import { until } from "../until.ts";

/** Where the packages of dist/ are on every machine. */
const PACKAGES = "/media/packages";

/** What people are told to type. */
const TYPED = {
  master: documentedLines("install.md", "**On m1**"),
  node: documentedLines("install.md", "**On m2, m3, w1 and s1**"),
  admit: documentedLines("install.md", "**For each of the five**"),
  join: documentedLines("install.md", "and the line that it prints"),
} as const;

/** The one line that begins with `words`. */
const typed = (place: keyof typeof TYPED, words: string): string => {
  const found = TYPED[place].find((line) => line.startsWith(words));
  if (found === undefined) throw new Error(`docs/install.md has no line ${words} there`);
  return found;
};

/** The master from its packages, and one pasted string on each machine. */
export const installPart: Part = {
  name: "install",
  about: "packages on every machine, a master, one pasted string each",
  needs: ["directory"],
  machines: NODES,
  begin: (stage) => ({
    steps: [
      {
        title: "m1: apt install the server's and the node's packages",
        essential: true,
        play: () => install(stage.machine("m1"), "master"),
      },
      { title: "m1: no daemon runs before there is an authority", play: () => seeNoDaemon(stage) },
      { title: "m1: keyserver init", essential: true, play: () => initialise(stage) },
      {
        title: "m1: keytab and directory in server.yaml",
        essential: true,
        play: () => connectDirectories(stage),
      },
      {
        title: "m1: systemctl start keyserver, and it can sign",
        essential: true,
        play: () => start(stage),
      },
      { title: "m1: keyserver status --check has nothing to say", play: () => checkMaster(stage) },
      {
        title: "m1: keyserver doctor finds no problem",
        play: async () => stage.note(await stage.machine("m1").ok(["keyserver", "doctor"])),
      },
      ...NODES.filter((name) => name !== "m1").map((name) => ({
        title: `${name}: apt install the node's packages`,
        essential: true,
        play: () => install(stage.machine(name), "node"),
      })),
      ...NODES.map((name) => joinStep(stage, name)),
      {
        title: "a string that was used is refused, and nothing changes",
        play: () => pasteAgain(stage),
      },
      { title: "each renews by itself: the timer runs on all", play: () => seeTimers(stage) },
      { title: "figures of an idle tick", play: () => measureTick(stage) },
    ],
    closing: [
      {
        title:
          "m1: keyserver status --check has nothing to say, and neither daemon was started anew by itself",
        play: () => checkDaemons(stage),
      },
      ...NODES.map((name) => ({
        title: `${name}: keyclient status --check, and no unit has failed`,
        play: () => checkNode(stage.machine(name)),
      })),
    ],
  }),
};

async function install(machine: Machine, as: "master" | "node"): Promise<void> {
  await machine.type(`cd ${PACKAGES}\n${typed(as, "apt install")}`, { timeout: 300 });
  const folder = "/etc/systemd/system/keyclient.timer.d";
  await machine.write(`${folder}/cluster.conf`, FAST_TIMER);
  await machine.type("systemctl daemon-reload");
}

async function seeNoDaemon(stage: Stage): Promise<void> {
  for (const unit of ["keyserver", "keysigner"]) {
    const { stdout } = await stage.machine("m1").run(["systemctl", "is-active", unit]);
    if (stdout !== "inactive\n") throw new Error(`${unit} is ${stdout}`);
  }
}

/** The policy is this cluster's, with lifetimes of minutes; `init` takes the one that is there. */
async function initialise(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const policy = readFileSync(join(import.meta.dirname, "../policy.yaml"), "utf8");
  await m1.write("/etc/keysystem/policy.yaml", policy);
  await m1.type(typed("master", "keyserver policy check"));
  const said = await m1.type(typed("master", "keyserver init"));
  if (!/^Pin {2}sha256:[0-9a-f]{64}$/m.test(said)) throw new Error(`no pin in:\n${said}`);
}

async function start(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const began = performance.now();
  await m1.type(typed("master", "systemctl enable"));
  const { stdout } = await m1.run(["systemctl", "is-active", "keyserver"]);
  const answer = await m1.ok(["curl", "-sk", "https://10.18.60.11:20557/readyz"]);
  if (stdout !== "active\n") throw new Error(`keyserver is ${stdout}\n${answer}`);
  stage.figure("keyserver, from start to ready", seconds(began));
}

async function checkMaster(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  await m1.type(typed("master", "keyserver status"));
  const failed = await m1.ok(["systemctl", "--failed", "--quiet", "--no-legend"]);
  if (failed !== "") throw new Error(failed);
}

const joinStep = (stage: Stage, name: (typeof NODES)[number]): Step => ({
  title: `${name}: keyserver node admit ${name} on m1, its line pasted on ${name}`,
  essential: true,
  async play() {
    const machine = stage.machine(name);
    await machine.write("/etc/ssh/sshd_config.d/keysystem.conf", SSHD_LINES);
    const admitted = await stage
      .machine("m1")
      .type(typed("admit", "keyserver node admit").replace("m2", name));
    const began = performance.now();
    const said = await machine.type(
      typed("join", "keyclient join").replace("ks1-…", readJoinString(admitted)),
    );
    if (name === "w1") stage.figure("w1, from pasted string to last certificate", seconds(began));
    if (!/^ ?✓ (\d+) of \1 /m.test(said)) throw new Error(`not all certificates:\n${said}`);
    await machine.type(typed("join", "keyclient status"));
    await machine.ok(["ssh-keygen", "-L", "-f", HOST_KEYS.certificate]);
  },
});

async function pasteAgain(stage: Stage): Promise<void> {
  const [m1, w1] = [stage.machine("m1"), stage.machine("w1")];
  const line = readJoinString(await m1.type("keyserver node admit w1"));
  const { code, stderr } = await w1.run(["keyclient", "join", line]);
  if (code === 0) throw new Error("w1 joined twice");
  if (!stderr.includes("hint:")) throw new Error(`exit ${code}, without a hint:\n${stderr}`);
  await w1.type("keyclient status --check");
}

async function seeTimers(stage: Stage): Promise<void> {
  for (const name of NODES) {
    const machine = stage.machine(name);
    await machine.ok(["systemctl", "is-enabled", "keyclient.timer"]);
    await until(`${name}: a tick`, async () => {
      const shown = await machine.ok([
        "systemctl",
        "show",
        "keyclient",
        "-PExecMainStartTimestamp",
      ]);
      return shown.trim() !== "";
    });
  }
}

/** What systemd has counted for the last of many ticks; most of them find nothing to do. */
async function measureTick(stage: Stage): Promise<void> {
  const w1 = stage.machine("w1");
  const ticks = new Map<string, number>();
  await until(
    "ten ticks on w1",
    async () => {
      const shown = await w1.ok(["systemctl", "show", "keyclient", "-pInvocationID,CPUUsageNSec"]);
      const [, id = ""] = /^InvocationID=(\w+)$/m.exec(shown) ?? [];
      const [, nanoseconds] = /^CPUUsageNSec=(\d+)$/m.exec(shown) ?? [];
      if (nanoseconds !== undefined) ticks.set(id, Number(nanoseconds) / 1e6);
      return ticks.size >= 10;
    },
    { seconds: 120, every: 2 },
  );
  const sorted = [...ticks.values()].sort((one, other) => one - other);
  stage.figure("keyclient, idle tick: CPU", `${(sorted[4] ?? 0).toFixed(0)} ms (median of ten)`);
  // What a child has read counts for who waited for it (proc(5), io).
  const io = await w1.type("keyclient once --quiet; cat /proc/$$/io");
  const read = (key: string): string => new RegExp(`^${key}: (\\d+)$`, "m").exec(io)?.[1] ?? "?";
  const kilobytes = (Number(read("rchar")) / 1000).toFixed(0);
  stage.figure(
    "keyclient, idle tick: read",
    `${kilobytes} kB, from disk ${read("read_bytes")} bytes`,
  );
}

async function checkDaemons(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  await m1.type(typed("master", "keyserver status"));
  for (const unit of ["keyserver", "keysigner"]) {
    const shown = await m1.ok(["systemctl", "show", unit, "-pMainPID,NRestarts"]);
    const [, pid = ""] = /^MainPID=(\d+)$/m.exec(shown) ?? [];
    if (!shown.includes("NRestarts=0"))
      throw new Error(`${unit}: ${shown}\n${await m1.journal(unit, 60)}`);
    const status = await m1.read(`/proc/${pid}/status`);
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
    stage.figure(`${unit}: memory at the end`, `${(Number(kilobytes) / 1000).toFixed(0)} MB`);
  }
}

/** A renewal may be under way at any moment. */
async function checkNode(machine: Machine): Promise<void> {
  // What came due just after keyclient asked for something else waits for the minute to be over.
  await until(
    "nothing to say",
    async () => {
      await machine.type(typed("join", "keyclient status"));
      return true;
    },
    { seconds: 90, every: 3 },
  );
  const failed = await machine.ok(["systemctl", "--failed", "--quiet", "--no-legend"]);
  if (failed !== "") throw new Error(failed);
}

const seconds = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
