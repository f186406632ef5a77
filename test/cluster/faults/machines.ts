import { setTimeout as sleep } from "node:timers/promises";
import { seeHealed } from "../inventory.ts";
import { listIssued, readJoinString } from "../nodes.ts";
import type { Stage, Step } from "../stage.ts";
import { until } from "../until.ts";

/** Machines that are cut off, restarted, or off for too long. */
export const machineSteps = (stage: Stage): readonly Step[] => [
  { title: "w1: its cable is pulled for a minute", play: () => pullCable(stage) },
  { title: "m2: rebooted", play: () => reboot(stage) },
  {
    title: "w1: off for longer than its identity lasts; it comes back by itself",
    play: () => comeBack(stage),
  },
  {
    title: "w1: the same once too often; the lines that keyclient says help",
    play: () => comeBackOften(stage),
  },
];

async function pullCable(stage: Stage): Promise<void> {
  await stage.network.cut("w1");
  try {
    await sleep(60_000);
  } finally {
    await stage.network.join("w1");
  }
  stage.figure(
    "w1 was cut off: well again after",
    `${(await seeHealed(stage, ["w1"])).toFixed(0)} s`,
  );
}

async function reboot(stage: Stage): Promise<void> {
  await stage.machine("m2").reboot();
  stage.figure(
    "m2 was rebooted: well again after",
    `${(await seeHealed(stage, ["m2"])).toFixed(0)} s`,
  );
}

/** Seconds that an identity lasts for these steps. */
const SHORT = 75;
const POLICY = "/etc/keysystem/policy.yaml";
const IDENTITY = "issue: nodes, usage: client, cn: <node>";

/** For as long as `play` takes identities are short, and come back once within ten minutes. */
async function withShortIdentities(stage: Stage, play: () => Promise<void>): Promise<void> {
  const m1 = stage.machine("m1");
  const before = await m1.read(POLICY);
  const short = `${IDENTITY}, lifetime: ${SHORT}s, recover: { within: 10m, times: 1 }`;
  await m1.write(POLICY, before.replace(IDENTITY, short));
  await m1.type("keyserver policy check && systemctl reload keyserver");
  try {
    await play();
  } finally {
    await m1.write(POLICY, before);
    await m1.type("systemctl reload keyserver");
  }
}

/** Off until its identity has ended, and on again. */
async function sleepTooLong(stage: Stage): Promise<void> {
  const w1 = stage.machine("w1");
  await w1.type(RENEW);
  await w1.powerOff();
  await sleep(SHORT * 1000 + 5000);
  await w1.boot();
}

const RENEW =
  "for i in 1 2 3 4 5; do keyclient renew node-identity && exit 0; sleep 2; done; exit 1";

const joinAnew = async (stage: Stage): Promise<void> => {
  const [m1, w1] = [stage.machine("m1"), stage.machine("w1")];
  const line = readJoinString(await m1.type("keyserver node admit w1"));
  await w1.type(`keyclient join ${line}`);
};

async function comeBack(stage: Stage): Promise<void> {
  await withShortIdentities(stage, async () => {
    await sleepTooLong(stage);
    const w1 = stage.machine("w1");
    const seconds = await seeHealed(stage, ["w1"]);
    stage.figure("w1 was off for too long: well again after", `${seconds.toFixed(0)} s`);
    const said = await w1.journal("keyclient");
    const lines = said
      .split("\n")
      .filter((line) => /node-identity: renewed \(expired\)/.test(line));
    if (lines.length !== 1) throw new Error(`not one line says so:\n${said}`);
  });
}

async function comeBackOften(stage: Stage): Promise<void> {
  const w1 = stage.machine("w1");
  await withShortIdentities(stage, async () => {
    await sleepTooLong(stage);
    const said = await until(
      "keyclient says what helps",
      async () => {
        const journal = await w1.journal("keyclient", 30);
        return journal.includes("come back once since it joined") ? journal : undefined;
      },
      { seconds: 60, every: 2 },
    );
    for (const hint of ["keyserver node admit w1", "keyclient join STRING"]) {
      if (!said.includes(hint)) throw new Error(`it does not say ${hint}:\n${said}`);
    }
    const { code, stdout } = await w1.run(["keyclient", "status"]);
    if (code === 0) throw new Error(`status says that all is well:\n${stdout}`);
    await joinAnew(stage);
  });
  await w1.type(RENEW);
  await seeHealed(stage, ["w1"]);
  const issued = await listIssued(stage.machine("m1"), "w1", "node-identity");
  stage.note(`w1 had ${issued.length} identities`);
}
