import type { Machine } from "../machines.ts";
import type { Part, Stage } from "../stage.ts";
import {
  isActive,
  journalSince,
  markJournal,
  runInside,
  showUnit,
  withDropIn,
  withFile,
} from "../units.ts";
import { until } from "../until.ts";

/** What the units of the master promise, seen on a running one. */
export const unitsPart: Part = {
  name: "units",
  about:
    "what the units forbid, and what happens when a daemon hangs, dies or is told wrong things",
  needs: ["install"],
  machines: ["m1"],
  begin: (stage) => ({
    steps: [
      { title: "m1: exposure of the units", play: () => seeExposure(stage) },
      { title: "keysigner has no network, seen from inside", play: () => seeSigner(stage) },
      { title: "keyserver cannot read a key, seen from inside", play: () => seeServer(stage) },
      { title: "a keyserver that hangs is started anew", play: () => hang(stage, "keyserver") },
      { title: "a keysigner that hangs is started anew", play: () => hang(stage, "keysigner") },
      { title: "keysigner is killed: the next one signs", play: () => killSigner(stage) },
      { title: "keyserver is killed: the next one answers", play: () => crash(stage) },
      { title: "systemctl stop keyserver stops all of it", play: () => stop(stage) },
      { title: "systemctl reload keyserver applies a good edit", play: () => reload(stage) },
      { title: "… refuses a bad one, and fails", play: () => reloadWrong(stage) },
      { title: "a wrong server.yaml: it gives up at once", play: () => giveUp(stage) },
      { title: "the sealing secret rests encrypted", play: () => encryptSeal(stage) },
    ],
  }),
};

const MOST = { keysigner: 1.5, keyserver: 2, keyclient: 3, "keyclient-run": 3 } as const;

async function seeExposure(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  for (const [unit, most] of Object.entries(MOST)) {
    const { stdout } = await m1.run(["systemd-analyze", "security", "--no-pager", unit]);
    const level = /exposure level for \S+: (\d+\.\d)/.exec(stdout)?.[1];
    stage.figure(`${unit}, exposure`, level ?? "?");
    if (!(Number(level) <= most)) throw new Error(`more than ${most}:\n${stdout}`);
  }
}

/** Says of each attempt what came of it, one a line. */
const ATTEMPTS = `
import { readFileSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { connect } from "node:net";
import { createSocket } from "node:dgram";
import { once } from "node:events";
const attempt = async (name, act) => {
  try { await act(); console.log(name, "worked"); } catch (error) { console.log(name, error.code ?? error.message); }
};
const reach = (port, host) => once(connect(port, host), "connect");
await attempt("tcp", () => reach(20557, "10.18.60.11"));
await attempt("loopback", () => reach(22, "127.0.0.1"));
await attempt("udp", () => new Promise((resolve, reject) => createSocket("udp4").on("error", reject).bind(0, resolve)));
await attempt("program", () => execFileSync("/usr/bin/id"));
await attempt("write", () => writeFileSync("/etc/keysystem/probe", ""));
await attempt("ledger", () => readFileSync("/var/lib/keysystem/ledger.db"));
await attempt("keys", () => readFileSync("/var/lib/keysigner/signed.log"));
await attempt("seal", () => readFileSync("/etc/keysystem/seal.secret"));
await attempt("processes", () => readFileSync("/proc/1/comm"));
process.exit(0);
`;

function expectLines(said: string, wanted: readonly RegExp[]): void {
  for (const line of wanted) if (!line.test(said)) throw new Error(`no ${line} in:\n${said}`);
}

async function seeSigner(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const said = await runInside(m1, "keysigner.service", ATTEMPTS);
  expectLines(said, [
    /^tcp EAFNOSUPPORT$/m,
    /^loopback EAFNOSUPPORT$/m,
    /^udp EAFNOSUPPORT$/m,
    /^program EACCES$/m,
    /^write (?:EROFS|EACCES)$/m,
    /^ledger (?:EACCES|ENOENT)$/m,
    /^keys worked$/m,
    /^processes (?:EACCES|ENOENT)$/m,
  ]);
  // Were the filter of socket kinds not there, there would still be nothing to reach.
  const enter = ["nsenter", `--net=/proc/${await showUnit(m1, "keysigner", "MainPID")}/ns/net`];
  const links = await m1.ok([...enter, "ip", "-brief", "link"]);
  if (!/^lo .*\n$/.test(links)) throw new Error(`more than a loopback:\n${links}`);
  const { code } = await m1.run([...enter, "bash", "-c", ": < /dev/tcp/10.18.60.11/20557"]);
  if (code === 0) throw new Error("keyserver answers in keysigner's network");
  await m1.ok(["bash", "-c", ": < /dev/tcp/10.18.60.11/20557"]);
}

async function seeServer(stage: Stage): Promise<void> {
  const said = await runInside(stage.machine("m1"), "keyserver.service", ATTEMPTS);
  expectLines(said, [
    /^loopback worked$/m,
    /^program EACCES$/m,
    /^write (?:EROFS|EACCES)$/m,
    /^ledger worked$/m,
    /^keys (?:EACCES|ENOENT)$/m,
    /^seal (?:EACCES|ENOENT)$/m,
  ]);
}

/** Its watchdog is made faster, so that nobody waits a minute. */
async function hang(stage: Stage, unit: "keyserver" | "keysigner"): Promise<void> {
  const m1 = stage.machine("m1");
  await withDropIn(m1, `${unit}.service`, "[Service]\nWatchdogSec=4\n", async () => {
    await m1.ok(["systemctl", "restart", "keyserver"]);
    const before = await showUnit(m1, unit, "MainPID");
    await new Promise((resolve) => setTimeout(resolve, 9000));
    const after = await showUnit(m1, unit, "MainPID");
    if (after !== before) throw new Error(`${unit} did not hang and was started anew`);
    const mark = await markJournal(m1);
    await m1.ok(["kill", "-STOP", before]);
    await until(`${unit} is another process`, async () => {
      const pid = await showUnit(m1, unit, "MainPID");
      return pid !== before && pid !== "0" && (await isActive(m1, unit));
    });
    expectLines(await journalSince(m1, mark, `--unit=${unit}`), [/Failed with result 'watchdog'/]);
  });
  await m1.ok(["systemctl", "restart", "keyserver"]);
  await sign(m1);
}

/** A certificate is asked for and made. Ticks of the timer may be at work at the same time. */
async function sign(m1: Machine): Promise<void> {
  await until("a certificate", async () => {
    await m1.ok(["keyclient", "renew", "etcd-client"]);
    return true;
  });
}

async function killSigner(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const server = await showUnit(m1, "keyserver", "MainPID");
  await m1.ok(["kill", "-KILL", await showUnit(m1, "keysigner", "MainPID")]);
  await sign(m1);
  if ((await showUnit(m1, "keyserver", "MainPID")) !== server)
    throw new Error("keyserver went too");
}

async function crash(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  await m1.ok(["kill", "-KILL", await showUnit(m1, "keyserver", "MainPID")]);
  await until("keyserver answers", async () => (await m1.run(["keyserver", "status"])).code === 0);
}

async function stop(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  await m1.ok(["systemctl", "stop", "keyserver"]);
  const { code, stderr } = await m1.run(["keyserver", "status"]);
  if (code !== 4 || !stderr.includes("systemctl start keyserver")) {
    throw new Error(`exit ${code}, and no word of how to start it:\n${stderr}`);
  }
  for (const unit of ["keysigner", "keyserver", "keysigner.socket", "keyserver-admin.socket"]) {
    if (await isActive(m1, unit)) throw new Error(`${unit} is active`);
  }
  await m1.ok(["systemctl", "start", "keyserver"]);
  await m1.type("keyserver status");
}

const POLICY = "/etc/keysystem/policy.yaml";

/** The hash of the policy in force. */
async function policyOf(m1: Machine): Promise<string> {
  const { policy }: { readonly policy: { readonly hash: string } } = JSON.parse(
    await m1.ok(["keyserver", "status", "--json"]),
  );
  return policy.hash;
}

async function reload(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const before = await policyOf(m1);
  await withFile(m1, POLICY, `${await m1.read(POLICY)}# edited\n`, async () => {
    await m1.ok(["systemctl", "reload", "keyserver"]);
    if ((await policyOf(m1)) === before) throw new Error("the edit is not in force");
  });
  await m1.ok(["systemctl", "reload", "keyserver"]);
  if ((await policyOf(m1)) !== before) throw new Error("the edit is still in force");
}

async function reloadWrong(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const before = await policyOf(m1);
  const mark = await markJournal(m1);
  await withFile(m1, POLICY, `${await m1.read(POLICY)}grants: {}\n`, async () => {
    const { code } = await m1.run(["systemctl", "reload", "keyserver"]);
    if (code === 0) throw new Error("systemctl reload says that all is well");
  });
  if ((await policyOf(m1)) !== before) throw new Error("another policy is in force");
  expectLines(await journalSince(m1, mark, "--unit=keyserver"), [/policy\.yaml:\d+/]);
}

async function giveUp(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const yaml = "/etc/keysystem/server.yaml";
  await withFile(m1, yaml, `${await m1.read(yaml)}port: 1\n`, async () => {
    const { code } = await m1.run(["systemctl", "restart", "keyserver"]);
    if (code === 0) throw new Error("systemctl restart says that all is well");
    const state = await showUnit(m1, "keyserver", "ActiveState");
    if (state !== "failed") throw new Error(`it is ${state}, and not failed`);
  });
  await m1.ok(["systemctl", "reset-failed", "keyserver"]);
  await m1.ok(["systemctl", "start", "keyserver"]);
  await m1.type("keyserver status");
}

/** The commands of docs/operations.md. */
async function encryptSeal(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const yaml = "/etc/keysystem/signer.yaml";
  const sealed = (await m1.read(yaml)).replace(/^seal:.*$/m, "seal: { credential: seal.secret }");
  const lines = `[Service]
LoadCredential=
LoadCredentialEncrypted=seal.secret:/etc/keysystem/seal.encrypted
`;
  await m1.type(`systemd-creds encrypt --with-key=host --name=seal.secret /etc/keysystem/seal.secret /etc/keysystem/seal.encrypted
    mv /etc/keysystem/seal.secret /root/seal.secret`);
  try {
    await withFile(m1, yaml, sealed, () =>
      withDropIn(m1, "keysigner.service", lines, async () => {
        await m1.ok(["systemctl", "restart", "keyserver"]);
        await sign(m1);
      }),
    );
  } finally {
    await m1.type(`mv /root/seal.secret /etc/keysystem/seal.secret; rm /etc/keysystem/seal.encrypted
      systemctl restart keyserver`);
  }
  await sign(m1);
}
