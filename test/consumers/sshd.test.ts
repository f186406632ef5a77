import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatOutcome, startCluster, type Cluster } from "../harness/cluster.ts";
import type { Daemon } from "../harness/process.ts";
import { waitFor } from "../harness/wait.ts";
import { canRun } from "./installed-programs.ts";
import { issueTo } from "./node-identity.ts";
import { CONSUMER_POLICY } from "./policy.ts";
import {
  HOST_CERTIFICATE,
  HOST_KEY,
  hostSerialIn,
  logIn,
  openSession,
  prepareSshd,
  servedHostSerial,
  type Client,
  type Sshd,
} from "./sshd.ts";

const isPossible = canRun(["sshd", "ssh", "ssh-keygen", "ssh-keyscan"]);

let cluster: Cluster;
let sshd: Sshd;
let daemon: Daemon;
let byName: Client;

const at = (file: string): string => join(cluster.nodeRoot("m1"), file);
const onDisk = (): Promise<string> => hostSerialIn(at(HOST_CERTIFICATE));
const served = (): Promise<string | undefined> => servedHostSerial(sshd, cluster.folder);

/** The shipped recipe's files, with a reload and a probe of this machine. */
function useReload(reload: readonly string[]): void {
  const folder = at("etc/keysystem/recipes");
  mkdirSync(folder, { recursive: true });
  const text = `grant: ssh-host
form: ssh
files: { key: /${HOST_KEY}, public: /${HOST_KEY}.pub, certificate: /${HOST_CERTIFICATE} }
keep-key: true
bundles:
  - { file: /etc/ssh/keysystem-user-ca.pub, authorities: [ssh-user] }
reload: ${JSON.stringify(reload)}
probe: { ssh: "${sshd.address}" }
timeout: 4
`;
  writeFileSync(join(folder, "ssh-host.yaml"), text);
}

const reloadBy = (signal: string): readonly string[] => [
  "/bin/kill",
  `-${signal}`,
  `${daemon.pid}`,
];

/** The exit code and the line about ssh-host of `keyclient status`. */
async function status(...flags: readonly string[]) {
  const { code, stdout } = await cluster.keyclient("m1", ["status", ...flags]);
  return { code, line: stdout.split("\n").find((line) => line.startsWith("ssh-host")) ?? stdout };
}

/** Serves another certificate for the same host key, as if keyclient had not looked at it. */
async function serve(request: object): Promise<{ readonly notAfter: string }> {
  const publicKey = readFileSync(at(`${HOST_KEY}.pub`), "utf8").trim();
  const issued = await issueTo(cluster, "m1", { publicKey, ...request });
  writeFileSync(at(HOST_CERTIFICATE), `${issued.certificate}\n`);
  process.kill(daemon.pid, "SIGHUP");
  const serial = await onDisk();
  await waitFor("sshd serves it", async () => (await served()) === serial);
  return issued;
}

describe.skipIf(!isPossible)("sshd with what recipe ssh-host writes", () => {
  beforeAll(async () => {
    cluster = await startCluster({
      policy: CONSUMER_POLICY,
      cluster: "hyades",
      domain: "hyades.test",
    });
    sshd = await prepareSshd(cluster.folder, cluster.nodeRoot("m1"));
    daemon = await sshd.start();
    useReload(reloadBy("HUP"));
    await cluster.join("m1");
    const { stdout } = await cluster.keyserver([
      "authority",
      "export",
      "ssh-host",
      "--known-hosts",
    ]);
    const knownHosts = join(cluster.folder, "known_hosts");
    writeFileSync(knownHosts, stdout);
    byName = { knownHosts, name: "m1.hyades.test" };
  });
  afterAll(async () => {
    await daemon?.kill();
    await cluster?.dispose();
  });

  test("a client that knows only the authority logs in without a question, by name and by address", async () => {
    expect(await logIn(sshd, byName)).toMatchObject({ code: 0, stdout: "logged in\n" });
    const line = readFileSync(byName.knownHosts, "utf8");
    const knownHosts = join(cluster.folder, "known_addresses");
    writeFileSync(knownHosts, line.replace("*.hyades.test", `[127.0.0.1]:${sshd.port}`));
    expect(await logIn(sshd, { knownHosts })).toMatchObject({ code: 0, stdout: "logged in\n" });
  });

  test("a client that knows no authority does not", async () => {
    const knownHosts = join(cluster.folder, "known_nothing");
    writeFileSync(knownHosts, "");
    const { code, stderr } = await logIn(sshd, { ...byName, knownHosts });
    expect(code).toBe(255);
    expect(stderr).toContain("Host key verification failed");
  });

  test("a renewal is served after the reload, and open sessions live on", async () => {
    const session = openSession(sshd, byName);
    await session.ask("before");
    const key = readFileSync(at(HOST_KEY), "utf8");
    const before = await served();
    const outcome = await cluster.keyclient("m1", ["renew", "ssh-host"]);
    expect(outcome.code, formatOutcome(outcome)).toBe(0);
    expect(outcome.stdout).toContain("the service serves it");
    expect(await served()).toBe(await onDisk());
    expect(await served()).not.toBe(before);
    expect(readFileSync(at(HOST_KEY), "utf8")).toBe(key);
    await session.ask("after");
    session.end();
    expect(daemon.hasEnded()).toBe(false);
    expect(await logIn(sshd, byName)).toMatchObject({ code: 0 });
    expect(await status()).toMatchObject({
      code: 0,
      line: expect.stringContaining(`yes :${sshd.port}`),
    });
    expect(await status("--check")).toMatchObject({ code: 0 });
  });

  test("a reload that does nothing is seen: OLD, and exit code 5", async () => {
    useReload(["/bin/true"]);
    const before = await served();
    await cluster.keyclient("m1", ["renew", "ssh-host"]);
    expect(await served()).toBe(before);
    expect(await onDisk()).not.toBe(before);
    expect(await status()).toMatchObject({
      code: 5,
      line: expect.stringContaining(`OLD :${sshd.port}`),
    });
    const check = await status("--check");
    expect(check).toMatchObject({ code: 5, line: expect.stringContaining("ssh-host: not in use") });
    process.kill(daemon.pid, "SIGHUP");
    await waitFor("status is well again", async () => (await status("--check")).code === 0);
  });

  test("a reload that ends the service is taken back and said", async () => {
    useReload(reloadBy("KILL"));
    const before = await onDisk();
    const outcome = await cluster.keyclient("m1", ["renew", "ssh-host"]);
    expect(outcome.code, formatOutcome(outcome)).toBe(5);
    expect(outcome.stderr).toMatch(
      /ssh-host: the service did not take the certificate .* it has .* again/,
    );
    expect(await onDisk()).toBe(before);
    expect(await status("--check")).toMatchObject({ code: 5 });
    daemon = await sshd.start();
    useReload(reloadBy("HUP"));
    expect(await served()).toBe(before);
    expect(await logIn(sshd, byName)).toMatchObject({ code: 0 });
  });

  test("a reload that fails is said, with what the command said", async () => {
    useReload(["/bin/ls", "/nowhere"]);
    const outcome = await cluster.keyclient("m1", ["renew", "ssh-host"]);
    expect(outcome.code, formatOutcome(outcome)).toBe(5);
    expect(outcome.stderr).toContain("/bin/ls ended with 2");
    expect(outcome.stderr).toContain("/nowhere");
    useReload(reloadBy("HUP"));
    await cluster.keyclient("m1", ["renew", "ssh-host"]);
    expect(await status("--check")).toMatchObject({ code: 0 });
  });

  test("an expired host certificate is refused by ssh", async () => {
    const { notAfter } = await serve({ grant: "ssh-host", lifetime: 6 });
    await waitFor("its end", () => Date.now() > Date.parse(notAfter) + 1000);
    const { code, stderr } = await logIn(sshd, byName);
    expect(code).toBe(255);
    expect(stderr).toContain("Certificate invalid: expired");
  });

  test("a host certificate for other names is refused by ssh", async () => {
    await serve({ grant: "ssh-other" });
    const { code, stderr } = await logIn(sshd, byName);
    expect(code).toBe(255);
    expect(stderr).toContain("Certificate invalid: name is not a listed principal");
  });

  test("keyclient sees that its certificate was changed, and brings back a good one", async () => {
    const changed = await onDisk();
    const outcome = await cluster.keyclient("m1", ["once"]);
    expect(outcome.code, formatOutcome(outcome)).toBe(0);
    expect(outcome.stdout).toContain("changed on disk");
    expect(await served()).not.toBe(changed);
    expect(await logIn(sshd, byName)).toMatchObject({ code: 0 });
  });
});
