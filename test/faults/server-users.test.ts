import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { run, runOk } from "../harness/command.ts";
import { listDescendants } from "../harness/process-table.ts";
import { CHECKOUT_IS_OPEN } from "../harness/reachable.ts";
import { KEYSERVER } from "../harness/servers.ts";
import type { Identity } from "../harness/test-node.ts";
import { waitFor } from "../harness/wait.ts";
import { countEvents, expectSound } from "./authority-state.ts";
import { isAlive } from "./kill-points.ts";
import { askBatch, joinAndUse, serialsIn } from "./requests.ts";

const SERVER = 61_190;
const SIGNER = 61_191;

/** Only root can become somebody else. */
const isRoot = process.geteuid?.() === 0;
const rootDescribe = isRoot ? describe : describe.skip;

let cluster: Cluster;
let signer: number;

async function startWithUsers(): Promise<void> {
  const users = ["--server-user", `${SERVER}:${SERVER}`, "--signer-user", `${SIGNER}:${SIGNER}`];
  cluster = await startCluster({ init: users });
  signer = listDescendants(cluster.current().pid)[0] ?? 0;
}

/** The four ids of a process, and its further groups. */
function credentialsOf(pid: number): Readonly<Record<string, readonly number[]>> {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const ids = (name: string): readonly number[] => {
    const found = new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
    return found.split(/\s+/).filter(Boolean).map(Number);
  };
  return { users: ids("Uid"), groups: ids("Gid"), further: ids("Groups") };
}

/** Four times the same: real, effective, saved and of the file system. */
const four = (id: number): readonly number[] => [id, id, id, id];

/** Whether a user of the server's, with its groups, may `-r`ead or `-w`rite a file. */
async function may(user: number, right: "-r" | "-w", file: string): Promise<boolean> {
  const groups = user === SERVER ? `${SERVER},${SIGNER}` : `${SIGNER}`;
  const account = ["--reuid", `${user}`, "--regid", `${user}`, "--groups", groups];
  const { code } = await run("setpriv", [...account, "test", right, file]);
  if (code > 1) throw new Error(`setpriv ended with ${code}`);
  return code === 0;
}

const at = (path: string): string => join(cluster.root, path);

const issue = async (identity: Identity): Promise<readonly string[]> =>
  serialsIn(await askBatch(cluster, identity));

rootDescribe(isRoot ? "own users" : "own users (skipped: needs root)", () => {
  beforeEach(startWithUsers);
  afterEach(async () => {
    await cluster.dispose();
  });

  test("each process is its own for good, and keyserver only shares the signer's group", async () => {
    const keyserver = cluster.current().pid;
    const server = credentialsOf(keyserver);
    expect(server).toMatchObject({ users: four(SERVER), groups: four(SERVER) });
    expect(server["further"]?.toSorted()).toEqual([SERVER, SIGNER]);
    expect(credentialsOf(signer)).toEqual({
      users: four(SIGNER),
      groups: four(SIGNER),
      further: [SIGNER],
    });

    const acknowledged = await issue(await joinAndUse(cluster, "m1"));
    expect(acknowledged).toHaveLength(3);
    expectSound(cluster, acknowledged);
    expect(await cluster.stop()).toBe(0);
    expect([isAlive(keyserver), isAlive(signer)]).toEqual([false, false]);
  });

  test("keyserver cannot read the keys, nor write what the signer decides by", async () => {
    const keys = globSync(at("var/lib/keysigner/authorities/*.key"));
    expect(keys.length).toBeGreaterThan(0);
    const secrets = [...keys, at("etc/keysystem/seal.secret"), at("var/lib/keysigner/signed.log")];
    for (const file of secrets)
      expect([file, await may(SERVER, "-r", file)]).toEqual([file, false]);
    for (const file of keys) expect([file, await may(SIGNER, "-r", file)]).toEqual([file, true]);

    const names = "applied applied/copy-1 applied/policy.yaml policy.yaml signer.yaml server.yaml";
    const decided = names.split(" ");
    for (const name of decided) {
      const file = at(`etc/keysystem/${name}`);
      expect([file, await may(SERVER, "-w", file)]).toEqual([file, false]);
      expect([file, await may(SIGNER, "-w", file)]).toEqual([file, false]);
    }
    const ledger = at("var/lib/keysystem/ledger.db");
    expect([await may(SERVER, "-w", ledger), await may(SIGNER, "-r", ledger)]).toEqual([
      true,
      false,
    ]);
  });

  test("SIGHUP puts nothing into force, since keyserver may not; root's apply does, whatever its umask", async () => {
    const file = at("etc/keysystem/policy.yaml");
    const applied = at("etc/keysystem/applied/policy.yaml");
    const before = readFileSync(applied, "utf8");
    const edited = before.replace("lifetime: 30d", "lifetime: 20d");
    expect(edited).not.toBe(before);
    writeFileSync(file, edited);
    const keyserver = cluster.current();
    process.kill(keyserver.pid, "SIGHUP");
    // Below a closed folder it may not even run its own program.
    const said = CHECKOUT_IS_OPEN
      ? /"why":"[^"]* may not write to [^"]*etc\/keysystem; nothing was changed","hint":"[^"]*policy apply/
      : /"why":"keyserver policy apply ended with [^"]+","hint":"[^"]*policy apply/;
    await waitFor("the refusal", () => said.test(keyserver.output()), 60);
    expect(readFileSync(applied, "utf8")).toBe(before);
    expect(countEvents(cluster, "policy.refused")).toBe(1);

    const apply = ["policy", "apply", "--yes", "--root", cluster.root];
    await runOk("sh", ["-c", 'umask 077; exec "$@"', "sh", KEYSERVER, ...apply]);
    expect(readFileSync(applied, "utf8")).toBe(edited);
    expect([await may(SERVER, "-r", applied), await may(SIGNER, "-r", applied)]).toEqual([
      true,
      true,
    ]);
    expect(await cluster.keyserver(["status", "--check"])).toMatchObject({ code: 0 });
  });

  test("keyserver ends with an error when the signer does, since it cannot start it again", async () => {
    process.kill(signer, "SIGKILL");
    expect(await cluster.current().ended).toBe(1);
    expect(isAlive(signer)).toBe(false);
  });

  test("the signer ends with a keyserver that was killed, and both start again", async () => {
    const identity = await joinAndUse(cluster, "m1");
    process.kill(cluster.current().pid, "SIGKILL");
    await waitFor("the end of the signer", () => !isAlive(signer));
    await cluster.start();
    const acknowledged = await issue(identity);
    expect(acknowledged).toHaveLength(3);
    expectSound(cluster, acknowledged);
  });
});
