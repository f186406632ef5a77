import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN_PATHS, PATHS } from "../../protocol/paths.ts";
import { prepareSwap } from "../../server/config/applied-copy.ts";
import { serverPaths } from "../../server/config/paths.ts";
import { readPolicyFile } from "../../server/config/policy-file.ts";
import { readPolicies } from "../faults/authority-state.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { askCertificates, type Identity, joinByHand, makeRequest } from "../harness/test-node.ts";
import { askOverSocket } from "../harness/unix-request.ts";

/** Case 48: a policy that changes under load gives certificates of the old or of the new one, never a mix. */

let cluster: Cluster;
let identity: Identity;

beforeAll(async () => {
  cluster = await startCluster();
  identity = await joinByHand(cluster, "m1");
});
afterAll(async () => {
  await cluster.dispose();
});

const DAY = 86_400;
const { csr } = makeRequest();

type Seen = { readonly serial: string; readonly lifetime: number; readonly commonName: string };

async function issueOne(agent: Agent): Promise<Seen> {
  const asked = [{ grant: "web", csr }];
  const [result] = await askCertificates(cluster, asked, { identity, agent });
  if (result === undefined || "problem" in result) throw new Error(JSON.stringify(result));
  const { validFromDate, validToDate, subject } = new X509Certificate(result.certificate);
  const lifetime = (validToDate.getTime() - validFromDate.getTime()) / 1000 + 1 - 300;
  return { serial: result.serial, lifetime, commonName: subject.replace("CN=", "") };
}

/** Two things change at once, so that a mix of both policies would show. */
const edited = (text: string): string =>
  text
    .replace("services: { kind: tls, keys: [ecdsa-p256, rsa-3072], lifetime: 30d", (found) =>
      found.replace("30d", "20d"),
    )
    .replaceAll("web-", "www-");

/**
 * How much: `KEYSYSTEM_APPLIES=50 KEYSYSTEM_REQUESTS=1000 vitest run test/scenarios/policy-reload.test.ts` is all of it,
 * with the command for each apply; without them the command is run once, and then its last step alone.
 */
const { KEYSYSTEM_APPLIES: applies, KEYSYSTEM_REQUESTS: requests = "300" } = process.env;

/** The last step of `policy apply`: the copy is swapped, and both processes take it. */
async function swapAndReload(file: string): Promise<void> {
  const { applied } = serverPaths(cluster.root);
  const texts = readPolicyFile(file);
  if (texts instanceof Error) throw texts;
  const swap = prepareSwap(applied, texts);
  swap.forward();
  const socket = join(cluster.root, "run/keysystem/admin.sock");
  expect(await askOverSocket(socket, "POST", ADMIN_PATHS.policyReload)).toMatchObject({
    status: 200,
  });
  swap.tidy();
}

async function applyByCommand(): Promise<void> {
  const outcome = await cluster.keyserver(["policy", "apply", "--yes"], { timeout: 60 });
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
}

test("many requests against many applies: each certificate is the old policy's or the new one's", async () => {
  const file = join(cluster.root, "etc/keysystem/policy.yaml");
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const text = readFileSync(file, "utf8");
  expect(edited(text)).not.toBe(text);
  const before = await issueOne(agent);

  const applying = new AbortController();
  const seen: Seen[] = [];
  const keepAsking = async (): Promise<void> => {
    while (!applying.signal.aborted || seen.length < Number(requests))
      seen.push(await issueOne(agent));
  };
  const asking = Promise.all(Array.from({ length: 8 }, keepAsking));
  // An odd number of applies: the last one leaves the edit in force.
  const count = Number(applies ?? "14") | 1;
  for (let done = 0; done < count; done += 1) {
    writeFileSync(file, done % 2 === 0 ? edited(text) : text);
    if (done === 0 || applies !== undefined) await applyByCommand();
    else await swapAndReload(file);
  }
  applying.abort();
  await asking;
  const after = await issueOne(agent);
  agent.destroy();

  const [old, next] = [
    { lifetime: 30 * DAY, commonName: "web-m1" },
    { lifetime: 20 * DAY, commonName: "www-m1" },
  ];
  const rows = readPolicies(cluster);
  const oldHash = rows.get(before.serial);
  const newHash = rows.get(after.serial);
  expect(oldHash).not.toBe(newHash);
  expect(before).toMatchObject(old);
  expect(after).toMatchObject(next);
  for (const { serial, ...content } of seen) {
    const hash = rows.get(serial);
    expect([oldHash, newHash]).toContain(hash);
    expect(content).toEqual(hash === oldHash ? old : next);
  }
  const underOld = seen.filter(({ serial }) => rows.get(serial) === oldHash).length;
  expect([underOld > 0, underOld < seen.length]).toEqual([true, true]);
  expect(seen.length).toBeGreaterThanOrEqual(Number(requests));
}, 600_000);

test("a policy whose authority has no key is refused, by apply and by reload, and signing goes on", async () => {
  const file = join(cluster.root, "etc/keysystem/policy.yaml");
  const applied = join(cluster.root, "etc/keysystem/applied/policy.yaml");
  const before = readFileSync(applied, "utf8");
  const extra = "authorities:\n  extra: { kind: tls, keys: [ecdsa-p256], lifetime: 30d }";
  const wider = before.replace(/^authorities:.*$/m, extra);
  expect(wider).toContain("extra:");
  writeFileSync(file, wider);
  const refused = await cluster.keyserver(["policy", "apply", "--yes"]);
  expect([refused.code, readFileSync(applied, "utf8")]).toEqual([5, before]);
  expect(refused.stderr).toMatch(/no key of authority extra.*\n.*authority create extra/);

  const socket = join(cluster.root, "run/keysystem/admin.sock");
  writeFileSync(applied, wider);
  const reload = await askOverSocket(socket, "POST", ADMIN_PATHS.policyReload);
  expect(reload.status).toBe(500);
  expect(await askOverSocket(socket, "GET", PATHS.readyz)).toMatchObject({ status: 200 });
  writeFileSync(applied, before);
});
