import { setTimeout as sleep } from "node:timers/promises";
import { seeHealed } from "../inventory.ts";
import type { Machine } from "../machines.ts";
import { listIssued } from "../nodes.ts";
import type { Stage, Step } from "../stage.ts";
import { journalSince, markJournal, withDropIn } from "../units.ts";
import { until } from "../until.ts";

/** What goes wrong on a node itself: clock, disk, a reload. */
export const nodeSteps = (stage: Stage): readonly Step[] => [
  ...CLOCKS.map(([name, clock]): Step => ({
    title: `w1: keyclient's clock is ${name}: it says so, and changes nothing`,
    play: () => turnClock(stage, clock),
  })),
  { title: "w1: with the right clock all is well again by itself", play: () => healClock(stage) },
  {
    title: "w1: the disk of kubelet's files is full, all else is renewed",
    play: () => fillTarget(stage),
  },
  {
    title: "w1: keyclient's own disk is full: nothing is asked for in vain",
    play: () => fillHome(stage),
  },
  {
    title: "w1: a reload hangs: it is ended, and all else is renewed",
    play: () => hangReload(stage),
  },
];

const CLOCKS = [
  ["an hour fast", "+1h"],
  ["an hour slow", "-1h"],
  ["a day fast", "+1d"],
  ["a day slow", "-1d"],
  ["that of 1970", "@1970-01-01 00:10:00"],
] as const;

const LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

async function turnClock(stage: Stage, clock: string): Promise<void> {
  const w1 = stage.machine("w1");
  const files = await printFiles(w1);
  const environment = `[Service]\nEnvironment=LD_PRELOAD=${LIBRARY} "FAKETIME=${clock}" FAKETIME_DONT_FAKE_MONOTONIC=1\n`;
  await w1.type("systemctl stop keyclient.timer");
  const mark = await markJournal(w1);
  await withDropIn(w1, "keyclient.service", environment, async () => {
    // The first run may be within the minute of the one before it.
    for (let runs = 0; runs < 2; runs += 1)
      await w1.run(["systemctl", "start", "keyclient.service"]);
    const said = await journalSince(w1, mark, "--unit=keyclient");
    if (!/clock +this machine is .* (behind|ahead of) m1\./.test(said)) {
      throw new Error(`it does not say that the clock is wrong:\n${said}`);
    }
  });
  await w1.run(["systemctl", "reset-failed", "keyclient.service"]);
  if ((await printFiles(w1)) !== files) throw new Error("files were changed");
}

async function healClock(stage: Stage): Promise<void> {
  await stage.machine("w1").type("systemctl start keyclient.timer");
  const seconds = await seeHealed(stage, ["w1"]);
  stage.figure("w1 had a wrong clock: well again after", `${seconds.toFixed(0)} s`);
}

/** A mark of everything that keyclient keeps for others. */
const printFiles = (machine: Machine): Promise<string> =>
  machine.ok([
    "sh",
    "-c",
    "cat /etc/ssh/ssh_host_ed25519_key-cert.pub /var/lib/kubelet/pki/* | sha256sum",
  ]);

/** Where Kubernetes is played: what watches a file goes on watching the one below a new mount. */
const WATCHERS_LOOK_AGAIN = "systemctl try-restart kubelet.service 2>/dev/null || true";

/** What is below a folder stays, on a disk of its own that is full. */
async function withFullDisk(
  machine: Machine,
  folder: string,
  use: () => Promise<void>,
): Promise<void> {
  const kept = "/run/kept";
  await machine.type(`systemctl stop keyclient.timer
while systemctl is-active -q keyclient; do sleep 0.2; done
rm -rf ${kept} && cp -a ${folder} ${kept}
mount -t tmpfs -o size=2m,mode=0755 tmpfs ${folder}
cp -a ${kept}/. ${folder}/
${WATCHERS_LOOK_AGAIN}
dd if=/dev/zero of=${folder}/filler bs=1k 2>/dev/null || true
systemctl start keyclient.timer`);
  try {
    await use();
    await machine.type(`rm ${folder}/filler`);
    await seeHealedSoon(machine);
  } finally {
    await machine.type(`systemctl stop keyclient.timer
while systemctl is-active -q keyclient; do sleep 0.2; done
rm -f ${folder}/filler; rm -rf ${kept} && cp -a ${folder} ${kept}
umount ${folder} && cp -a ${kept}/. ${folder}/
${WATCHERS_LOOK_AGAIN}
systemctl start keyclient.timer`);
  }
}

const seeHealedSoon = (machine: Machine): Promise<unknown> =>
  until(
    `${machine.name} is well with its disk`,
    async () => (await machine.run(["keyclient", "status", "--check"])).code === 0,
    { seconds: 90, every: 2 },
  );

async function fillTarget(stage: Stage): Promise<void> {
  const [m1, w1] = [stage.machine("m1"), stage.machine("w1")];
  await withFullDisk(w1, "/var/lib/kubelet/pki", async () => {
    const before = await listIssued(m1, "w1");
    const { code, stdout, stderr } = await w1.run(RENEW_ALL, { timeout: 60 });
    if (code !== 5 || !(stdout + stderr).includes("/var/lib/kubelet/pki/kubelet")) {
      throw new Error(`renew --all ended with ${code}\n${stdout}${stderr}`);
    }
    const [others] = [(await listIssued(m1, "w1", "ssh-host")).length];
    await w1.ok([
      "openssl",
      "x509",
      "-noout",
      "-checkend",
      "0",
      "-in",
      "/var/lib/kubelet/pki/kubelet-client.crt",
    ]);
    if (others <= before.filter(({ grant }) => grant === "ssh-host").length) {
      throw new Error("the others were not renewed");
    }
    await sleep(30_000);
    await seeNoFlood(stage, before.length);
  });
  await seeHealed(stage, ["w1"]);
}

const RENEW_ALL = [
  "sh",
  "-c",
  "for i in 1 2 3 4 5; do keyclient renew --all; c=$?; [ $c = 4 ] || exit $c; sleep 2; done; exit 4",
];

/** Within half a minute: what was asked for by hand, what fell due, and one more try of each. */
async function seeNoFlood(stage: Stage, before: number): Promise<void> {
  const now = (await listIssued(stage.machine("m1"), "w1")).length;
  stage.note(`${now - before} certificates were issued meanwhile`);
  if (now - before > 15)
    throw new Error(`${now - before} certificates for a machine that cannot keep them`);
}

async function fillHome(stage: Stage): Promise<void> {
  const [m1, w1] = [stage.machine("m1"), stage.machine("w1")];
  await withFullDisk(w1, "/var/lib/keyclient", async () => {
    const before = (await listIssued(m1, "w1")).length;
    const { code, stdout, stderr } = await w1.run(RENEW_ALL, { timeout: 60 });
    if (code === 0 || !(stdout + stderr).includes("/var/lib/keyclient")) {
      throw new Error(`renew --all ended with ${code}\n${stdout}${stderr}`);
    }
    await sleep(30_000);
    const now = (await listIssued(m1, "w1")).length;
    if (now > before) throw new Error(`${now - before} certificates were issued in vain`);
  });
  await seeHealed(stage, ["w1"]);
}

const RECIPE = "/etc/keysystem/recipes/kubelet.yaml";

async function hangReload(stage: Stage): Promise<void> {
  const w1 = stage.machine("w1");
  await w1.write("/usr/local/sbin/hang", "#!/bin/sh\nsetsid sleep 3607 &\nsleep 3607\n", {
    mode: "0755",
  });
  const shipped = await w1.read("/usr/share/keysystem/recipes/kubelet.yaml").catch(() => "");
  const files =
    "{ key: /var/lib/kubelet/pki/kubelet-client.key, certificate: /var/lib/kubelet/pki/kubelet-client.crt }";
  const own = shipped === "" ? `grant: kubelet\nfiles: ${files}\n` : shipped;
  await w1.write(RECIPE, `${own}reload: [/usr/local/sbin/hang]\ntimeout: 3\n`);
  try {
    const { code, stdout, stderr } = await w1.run(RENEW_ALL, { timeout: 60 });
    const said = stdout + stderr;
    if (code !== 5 || !said.includes("did not end in 3 s")) {
      throw new Error(`renew --all ended with ${code}\n${said}`);
    }
    for (const grant of ["node-identity", "ssh-host", "kubelet-serving", "kube-proxy"]) {
      if (!new RegExp(`✓ ${grant} +renewed`).test(said))
        throw new Error(`${grant} was not renewed\n${said}`);
    }
    const { stdout: left } = await w1.run(["pgrep", "-f", "[s]leep 3607"]);
    if (left !== "") throw new Error(`processes were left: ${left}`);
  } finally {
    await w1.ok(["rm", RECIPE]);
  }
  await seeHealed(stage, ["w1"]);
}
