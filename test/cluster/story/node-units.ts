import type { Machine } from "../machines.ts";
import type { Part, Stage } from "../stage.ts";
import { isActive, journalSince, markJournal, showUnit, withDropIn } from "../units.ts";
import { until } from "../until.ts";

/** What keyclient's units promise, seen on a node that has joined. */
export const nodeUnitsPart: Part = {
  name: "node-units",
  about: "reloads in groups of their own, what the journal says, and keyclient as a daemon",
  needs: ["install"],
  machines: ["m1"],
  begin: (stage) => {
    const quiet = (play: (machine: Machine) => Promise<void>) => () => withoutTicks(stage, play);
    return {
      steps: [
        { title: "a tick that finds nothing due writes no line", play: quiet(tickIdly) },
        { title: "a renewal is one entry of the journal, with fields", play: quiet(renewOnce) },
        { title: "a reload gets its words as they are, and nothing else", play: quiet(seeHook) },
        { title: "what a reload leaves running is ended with it", play: quiet(leaveBehind) },
        { title: "a reload that hangs is ended at its time", play: quiet(hangInHook) },
        { title: "keyclient as a daemon, in the timer's place", play: quiet(runAsDaemon) },
        { title: "a daemon that hangs is started anew", play: quiet(hangAsDaemon) },
      ],
    };
  },
};

/** The timer would renew in between. */
async function withoutTicks(
  stage: Stage,
  play: (machine: Machine) => Promise<void>,
): Promise<void> {
  const machine = stage.machine("m1");
  await machine.ok(["systemctl", "stop", "keyclient.timer"]);
  try {
    await until("no tick", async () => !(await isActive(machine, "keyclient")));
    await play(machine);
  } finally {
    await machine.ok(["rm", "-f", RECIPE, HOOK]);
    await machine.ok(["systemctl", "start", "keyclient.timer"]);
  }
}

const tick = (machine: Machine): Promise<string> =>
  machine.ok(["systemctl", "start", "keyclient.service"]);

async function tickIdly(machine: Machine): Promise<void> {
  await tick(machine);
  const mark = await markJournal(machine);
  await tick(machine);
  const said = await journalSince(machine, mark, "--unit=keyclient");
  if (said !== "") throw new Error(said);
}

/** A certificate whose files are nobody's, so that a test can do with them what it likes. */
const [RECIPE, HOOK] = ["/etc/keysystem/recipes/front-proxy.yaml", "/usr/local/sbin/probe-hook"];
const KEY = "/etc/probe/front.key";

async function writeHook(
  machine: Machine,
  words: readonly string[],
  script: string,
): Promise<void> {
  await machine.ok(["mkdir", "-p", "/etc/probe", "/etc/keysystem/recipes"]);
  await machine.write(HOOK, `#!/bin/bash\n${script}\n`, { mode: "0755" });
  const command = JSON.stringify([HOOK, ...words]);
  await machine.write(
    RECIPE,
    `grant: front-proxy\nfiles: { key: ${KEY}, certificate: /etc/probe/front.crt }\nreload: ${command}\ntimeout: 4\n`,
  );
  await machine.ok(["rm", "-f", KEY, "/run/probe"]);
}

/** Renews by a tick, as the timer does: the key is missing. Gives the entries of its renewal. */
async function renewByTick(machine: Machine): Promise<string> {
  const mark = await markJournal(machine);
  await tick(machine);
  return journalSince(machine, mark, "--unit=keyclient", "KEYSYSTEM_GRANT=front-proxy");
}

async function renewOnce(machine: Machine): Promise<void> {
  await writeHook(machine, [], ": > /run/probe");
  const mark = await markJournal(machine);
  const said = await renewByTick(machine);
  if (!/^front-proxy: renewed \(.+\), serial [0-9a-f]{40}; the service was told\n$/.test(said)) {
    throw new Error(`not one line of a renewal: ${said}`);
  }
  const [, serial = ""] = /serial ([0-9a-f]{40})/.exec(said) ?? [];
  const fields = ["KEYSYSTEM_NODE=m1", "KEYSYSTEM_EVENT=renewed", `KEYSYSTEM_SERIAL=${serial}`];
  if ((await journalSince(machine, mark, ...fields)) !== said) throw new Error("not by its fields");
}

async function seeHook(machine: Machine): Promise<void> {
  const words = ["$(id)", "$HOME", "${PATH}", "$$", "%n %%", "a  b", "", "é|cat;", "-x", "\\x41"];
  const script = `{ printf '%s\\n' "$@"; env -0 < /dev/null | tr '\\0' '\\n' | grep -v ^_= | sort; pwd; grep ^0:: /proc/self/cgroup; } > /run/probe`;
  await writeHook(machine, words, script);
  await renewByTick(machine);
  const said = await machine.read("/run/probe");
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  // bash adds the folder and its own depth.
  const environment = ["LANG=C.UTF-8", `PATH=${path}`, "PWD=/", "SHLVL=1"];
  const wanted = [...words, ...environment, "/", ""].join("\n");
  const [before = "", group = ""] = said.split("0::");
  if (before !== wanted) throw new Error(`wanted:\n${wanted}\nfound:\n${said}`);
  if (!/\/keyclient-hook-[\d-]+\.service\n$/.test(group)) throw new Error(`in group ${group}`);
}

async function leaveBehind(machine: Machine): Promise<void> {
  await writeHook(
    machine,
    [],
    "setsid -f sleep 4711; sleep 0.2; pgrep -f 'sleep 471[1]' > /run/probe",
  );
  const said = await renewByTick(machine);
  if (!said.includes("the service was told")) throw new Error(said);
  if ((await machine.read("/run/probe")) === "") throw new Error("it left nothing behind");
  await expectNoSleeper(machine);
}

async function hangInHook(machine: Machine): Promise<void> {
  await writeHook(machine, [], "trap '' TERM; setsid -f sleep 4711; while :; do sleep 4711; done");
  const said = await renewByTick(machine);
  if (!said.includes("did not end in 4 s and was killed")) throw new Error(said);
  await expectNoSleeper(machine);
}

async function expectNoSleeper(machine: Machine): Promise<void> {
  const { stdout } = await machine.run(["pgrep", "-f", "sleep 471[1]"]);
  if (stdout !== "") throw new Error(`${stdout} still runs`);
}

async function runAsDaemon(machine: Machine): Promise<void> {
  await machine.ok(["systemctl", "start", "keyclient.timer"]);
  await machine.ok(["systemctl", "start", "keyclient-run"]);
  if (await isActive(machine, "keyclient.timer")) throw new Error("the timer runs too");
  await writeHook(machine, [], ": > /run/probe");
  await until("the daemon made the missing key", async () => {
    return (await machine.run(["test", "-s", KEY])).code === 0;
  });
  await machine.ok(["systemctl", "start", "keyclient.timer"]);
  if (await isActive(machine, "keyclient-run")) throw new Error("the daemon runs on");
}

async function hangAsDaemon(machine: Machine): Promise<void> {
  await withDropIn(
    machine,
    "keyclient-run.service",
    "[Service]\nWatchdogSec=4\nRestartSec=1\n",
    async () => {
      await machine.ok(["systemctl", "start", "keyclient-run"]);
      const before = await showUnit(machine, "keyclient-run", "MainPID");
      await new Promise((resolve) => setTimeout(resolve, 9000));
      const still = await showUnit(machine, "keyclient-run", "MainPID");
      if (still !== before) throw new Error("it did not hang and was started anew");
      await machine.ok(["kill", "-STOP", before]);
      await until("another process", async () => {
        const pid = await showUnit(machine, "keyclient-run", "MainPID");
        return pid !== before && pid !== "0";
      });
      await machine.ok(["systemctl", "stop", "keyclient-run"]);
    },
  );
}
