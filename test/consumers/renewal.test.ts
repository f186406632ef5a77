import { setTimeout } from "node:timers/promises";
import { chownSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countEvents } from "../faults/authority-state.ts";
import { createFakeClock, type FakeClock } from "../harness/clock.ts";
import { createCluster, formatOutcome, type Cluster } from "../harness/cluster.ts";
import type { Outcome } from "../harness/command.ts";
import { traceCalls } from "../harness/fault.ts";
import { waitFor } from "../harness/wait.ts";
import { KEYCLIENT } from "./client-kills.ts";
import { canRun } from "./installed-programs.ts";
import { findMismatched, findMissing, PAIRS } from "./node-disk.ts";
import { CONSUMER_POLICY } from "./policy.ts";
import { HOST_KEY } from "./sshd.ts";

let cluster: Cluster;
let clock: FakeClock;

const at = (file: string): string => join(cluster.nodeRoot("m1"), file);

/** keyclient with the moved clock; counts the connections that it opens to other machines. */
async function keyclient(...args: readonly string[]): Promise<Outcome & { connections: number }> {
  const { outcome, lines } = await traceCalls(
    ["connect"],
    [KEYCLIENT, ...args, "--root", cluster.nodeRoot("m1")],
    { env: environment(), timeout: 60 },
  );
  return { ...outcome, connections: lines.filter((line) => line.includes("AF_INET")).length };
}

const environment = (): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  ...clock.env,
});

/** Moves every clock, and has keyserver look at its own certificate, which it else does once a minute. */
async function moveTo(offset: string): Promise<void> {
  clock.set(offset);
  const looks = countEvents(cluster, "policy.reloaded");
  process.kill(cluster.current().pid, "SIGHUP");
  await waitFor(
    "keyserver looks at its certificate",
    () => countEvents(cluster, "policy.reloaded") > looks,
  );
  // Node.js sends the same Date header for up to a second of the real clock, and keyclient compares clocks by it.
  await setTimeout(DATE_KEPT_MS);
}

const DATE_KEPT_MS = 1100;

/** An offset of days and seconds. */
const secondsAfter = (days: number, seconds: number): string => `+${days * 86_400 + seconds}`;

const renewedIn = ({ stdout }: Outcome): readonly string[] =>
  [...stdout.matchAll(/^ ✓ (\S+) +renewed/gm)].map(([, grant = ""]) => grant).sort();

const SERVICES = PAIRS.map(({ grant }) => grant)
  .filter((grant) => grant !== "node-identity")
  .sort();

describe.skipIf(!canRun(["strace", "ssh-keygen"]))("the life of a node's certificates", () => {
  beforeAll(async () => {
    cluster = await createCluster({
      policy: CONSUMER_POLICY,
      cluster: "hyades",
      domain: "hyades.test",
    });
    clock = createFakeClock(join(cluster.folder, "clock"));
    await cluster.start(clock.env);
    const joined = await keyclient("join", await cluster.admit("m1"));
    expect(joined.code, formatOutcome(joined)).toBe(0);
  });
  afterAll(() => cluster?.dispose());

  test("before two thirds of life nothing is renewed, and within the hour nobody is asked", async () => {
    expect(await keyclient("once")).toMatchObject({ code: 0, connections: 0 });
    await moveTo("+19d");
    const hourly = await keyclient("once");
    expect(hourly, formatOutcome(hourly)).toMatchObject({ code: 0, connections: 1 });
    expect(renewedIn(hourly)).toEqual([]);
    expect(await keyclient("once")).toMatchObject({ code: 0, connections: 0 });
  });

  test("after it everything that is due is renewed over one connection, once", async () => {
    await moveTo("+23d");
    const due = await keyclient("once");
    expect(due, formatOutcome(due)).toMatchObject({ code: 0, connections: 1 });
    expect(renewedIn(due)).toEqual(SERVICES);
    expect(await keyclient("once")).toMatchObject({ code: 0, connections: 0 });
    await moveTo("+31d");
    expect(renewedIn(await keyclient("once"))).toEqual(["node-identity"]);
  });

  test("18: an output that belongs to somebody else blocks no other", async () => {
    await moveTo("+46d");
    const folder = at("etc/kubernetes/pki");
    chownSync(folder, 12_345, 12_345);
    const broken = await keyclient("once");
    expect(broken.code, formatOutcome(broken)).toBe(5);
    expect(renewedIn(broken)).toEqual(SERVICES.filter((grant) => grant !== "etcd-client"));
    expect(broken.stderr).toContain("etcd-client");
    expect(broken.stderr).toContain("/etc/kubernetes/pki: belongs to another user (uid 12345)");
    chownSync(folder, 0, 0);
    await moveTo("+47d");
    const mended = await keyclient("once");
    expect(mended.code, formatOutcome(mended)).toBe(0);
    expect(renewedIn(mended)).toEqual(["etcd-client"]);
  });

  test("16: without a server: exit code 4, no second try within a minute, and back by itself", async () => {
    await cluster.stop();
    clock.set("+48d");
    const first = await keyclient("once");
    expect(first.code, formatOutcome(first)).toBe(4);
    expect(first.connections).toBeGreaterThan(0);
    expect(first.stderr).toContain(cluster.address);
    clock.set(secondsAfter(48, 50));
    expect(await keyclient("once")).toMatchObject({ code: 4, connections: 0 });
    clock.set(secondsAfter(48, 120));
    const later = await keyclient("once");
    expect(later.code).toBe(4);
    expect(later.connections).toBeGreaterThan(0);
    await cluster.start(clock.env);
    await moveTo("+50d");
    const back = await keyclient("once");
    expect(back, formatOutcome(back)).toMatchObject({ code: 0, connections: 1 });
  });

  test("15: off for longer than the identity lasts: exit code 5, and the way back keeps what services have", async () => {
    await moveTo("+150d");
    const lost = await keyclient("once");
    expect(lost.code, formatOutcome(lost)).toBe(5);
    // The server is asked whether the policy lets it come back, and not again at the next tick.
    expect(lost.connections).toBe(1);
    expect(lost.stderr).toContain("keyserver node admit m1");
    expect(lost.stderr).toContain("keyclient join STRING");
    const again = await keyclient("once");
    expect([again.code, again.connections]).toEqual([5, 0]);
    expect((await keyclient("status")).stdout).toContain("keyserver node admit m1");
    const hostKey = readFileSync(at(HOST_KEY), "utf8");
    const back = await keyclient("join", await cluster.admit("m1"));
    expect(back.code, formatOutcome(back)).toBe(0);
    expect(readFileSync(at(HOST_KEY), "utf8")).toBe(hostKey);
    expect(findMissing(cluster.nodeRoot("m1"))).toEqual([]);
    expect(await findMismatched(cluster.nodeRoot("m1"))).toEqual([]);
    expect(await keyclient("status", "--check")).toMatchObject({ code: 0 });
  });

  test("who leaves keeps the services' files, and may join again", async () => {
    const files = PAIRS.filter(({ grant }) => grant !== "node-identity").flatMap((pair) => [
      at(pair.key),
      at(pair.certificate),
    ]);
    const before = files.map((file) => readFileSync(file, "utf8"));
    expect(await keyclient("leave")).toMatchObject({ code: 0 });
    expect(existsSync(at("var/lib/keyclient"))).toBe(false);
    expect(files.map((file) => readFileSync(file, "utf8"))).toEqual(before);
    expect(await keyclient("once")).toMatchObject({ code: 2 });
    const hostKey = readFileSync(at(HOST_KEY), "utf8");
    const back = await keyclient("join", await cluster.admit("m1"));
    expect(back.code, formatOutcome(back)).toBe(0);
    expect(readFileSync(at(HOST_KEY), "utf8")).toBe(hostKey);
    expect(await findMismatched(cluster.nodeRoot("m1"))).toEqual([]);
  });
});
