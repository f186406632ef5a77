import { setTimeout as sleep } from "node:timers/promises";
import { seeHealed } from "../inventory.ts";
import { listIssued, NODES } from "../nodes.ts";
import { act, installKeyreq, kinit, setUp } from "../people.ts";
import type { Stage, Step } from "../stage.ts";
import { journalSince, markJournal } from "../units.ts";

/** Seconds: more than a third of what the shortest certificates of the story last, which are two minutes. */
const AWAY = 45;

/** Programs that are gone for a while: keyserver, keysigner, the KDC and the directory. */
export const outageSteps = (stage: Stage): readonly Step[] => [
  {
    title: `keyserver is stopped for ${AWAY} s: nothing ends, and all renew by themselves`,
    play: () => stopKeyserver(stage),
  },
  {
    title: "keysigner is killed while every machine renews everything",
    play: () => killSigner(stage),
  },
  { title: "KDC and directory are down: machines renew as ever", play: () => stopDirectory(stage) },
  {
    title: "and people: who has a certificate goes on, who has none is told at once",
    play: () => askWithoutDirectory(stage),
  },
];

const everywhere = <T>(
  stage: Stage,
  command: readonly string[],
  check: (code: number, text: string, name: string) => T,
) =>
  Promise.all(
    NODES.map(async (name) => {
      const { code, stdout, stderr } = await stage.machine(name).run(command, { timeout: 120 });
      return check(code, stdout + stderr, name);
    }),
  );

/** A tick may be at work: then it is tried again. */
const RENEW_ALL = [
  "sh",
  "-c",
  "for i in 1 2 3 4 5; do keyclient renew --all; c=$?; [ $c = 4 ] || exit $c; sleep 2; done; exit 4",
];

const renewEverywhere = (stage: Stage): Promise<unknown> =>
  everywhere(stage, RENEW_ALL, (code, text, name) => {
    if (code !== 0) throw new Error(`${name}: renew --all ended with ${code}\n${text}`);
  });

async function stopKeyserver(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  await renewEverywhere(stage);
  const marks = await Promise.all(
    NODES.map(async (name) => [name, await markJournal(stage.machine(name))] as const),
  );
  // Its sockets too: whoever knocks there would start it.
  await m1.type("systemctl stop keyserver-admin.socket keyserver");
  try {
    await sleep(AWAY * 1000);
  } finally {
    await m1.type("systemctl start keyserver-admin.socket keyserver");
  }
  stage.figure(
    "keyserver was away: all well again after",
    `${(await seeHealed(stage)).toFixed(0)} s`,
  );
  for (const [name, mark] of marks) {
    const said = await journalSince(stage.machine(name), mark, "--unit=keyclient");
    if (said.includes("(expired)")) throw new Error(`${name}: something had ended\n${said}`);
  }
}

async function killSigner(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const before = (await listIssued(m1, "m1")).length;
  const renewals = everywhere(stage, RENEW_ALL, (code) => code);
  for (let kills = 0; kills < 3; kills += 1) {
    await sleep(700);
    await m1.run(["systemctl", "kill", "--signal=KILL", "keysigner"]);
  }
  const codes = await renewals;
  stage.note(`renew --all ended with ${codes.join(", ")}`);
  stage.figure(
    "keysigner was killed: all well again after",
    `${(await seeHealed(stage)).toFixed(0)} s`,
  );
  if ((await listIssued(m1, "m1")).length <= before) throw new Error("nothing was renewed");
}

const DIRECTORY = "krb5-kdc slapd";

async function stopDirectory(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  await installKeyreq(stage);
  await setUp(stage, "cela").catch(() => undefined);
  await kinit(d1, "cela", "cela/root");
  await act(d1, "cela", "keyreq ssh");
  await d1.type(`systemctl stop ${DIRECTORY}`);
  try {
    await renewEverywhere(stage);
    await seeHealed(stage);
  } catch (error) {
    await d1.type(`systemctl start ${DIRECTORY}`);
    throw error;
  }
}

async function askWithoutDirectory(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  await d1.type(`systemctl stop ${DIRECTORY}`);
  try {
    const { code, stderr } = await act(
      d1,
      "cela",
      "ssh -o BatchMode=yes root@w1.hyades.example.edu hostname",
    );
    if (code !== 0)
      throw new Error(`cela/root, by ticket and certificate, ended with ${code}\n${stderr}`);
    const began = performance.now();
    await setUp(stage, "alice").catch(() => undefined);
    const none = await act(d1, "alice", "kdestroy -q; keyreq ssh");
    const seconds = (performance.now() - began) / 1000;
    if (none.code !== 6 || !none.stderr.includes("hint:")) {
      throw new Error(`alice, without a ticket, ended with ${none.code}\n${none.stderr}`);
    }
    if (seconds > 15) throw new Error(`alice waited for ${seconds.toFixed(0)} s`);
  } finally {
    await d1.type(`systemctl start ${DIRECTORY}`);
  }
}
