import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Value } from "typebox/value";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JoinResult } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import { checkLedger } from "../../server/ledger/check.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { askHttps, joinByHand, makeRequest, redeemJoin } from "../harness/test-node.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(async () => {
  await cluster.dispose();
});

const ledgerFile = (): string => join(cluster.root, "var/lib/keysystem/ledger.db");

function identityIn(body: string): { serial: string; certificate: string } {
  return Value.Parse(JoinResult, JSON.parse(body)).identity;
}

test("35: one secret, a hundred keys at once: exactly one gets a certificate", async () => {
  const joinString = await cluster.admit("m1");
  const requests = Array.from({ length: 100 }, makeRequest);
  const answers = await Promise.all(
    requests.map(({ csr }) => redeemJoin(cluster, joinString, { csr })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const refusals = answers.filter(({ status }) => status !== 200);
  expect(new Set(refusals.map(({ body }) => body)).size).toBe(1);
  expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(["join.spent"]));
  expect(checkLedger(ledgerFile())).toEqual([]);
});

test("35: the same key may ask again and gets the same certificate, also at the same time", async () => {
  const joinString = await cluster.admit("m1");
  const { csr } = makeRequest();
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => redeemJoin(cluster, joinString, { csr })),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
  expect(new Set(answers.map(({ body }) => identityIn(body).serial)).size).toBe(1);
  const other = await redeemJoin(cluster, joinString, { csr: makeRequest().csr });
  expect(other.code).toBe("join.spent");
});

test("35: the secret survives a restart of keyserver, spent or not", async () => {
  const open = await cluster.admit("m1");
  const spent = await cluster.admit("w1");
  const first = await redeemJoin(cluster, spent, { csr: makeRequest().csr, from: "127.0.0.2" });
  expect(first.status).toBe(200);
  await cluster.stop();
  await cluster.start();
  const again = await redeemJoin(cluster, spent, { csr: makeRequest().csr, from: "127.0.0.2" });
  expect(again.code).toBe("join.spent");
  expect((await redeemJoin(cluster, open, { csr: makeRequest().csr })).status).toBe(200);
});

test("36: secrets that are not good are refused in one way and write nothing", async () => {
  const revoked = await cluster.admit("m1");
  const tokens: unknown = JSON.parse((await cluster.keyserver(["token", "list", "--json"])).stdout);
  const id = /"id":"([0-9a-f]+)","node":"m1","state":"open"/.exec(JSON.stringify(tokens))?.[1];
  expect((await cluster.keyserver(["token", "revoke", id ?? ""])).code).toBe(0);

  const before = sizes();
  const { csr } = makeRequest();
  const garbage = Array.from({ length: 200 }, (_, turn) =>
    askHttps(cluster, PATHS.join, {
      headers: { authorization: `Join ${turn % 2 === 0 ? "AAAAAAAAAAAAAAAAAAAAAA" : `${turn}`}` },
      body: { csr },
    }),
  );
  const answers = [...(await Promise.all(garbage)), await redeemJoin(cluster, revoked, { csr })];
  expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  expect(answers[0]?.code).toBe("join.secret");
  expect(sizes()).toEqual(before);
});

/** Bytes and times of the ledger's files: a write of any kind changes one of them. */
function sizes(): readonly string[] {
  const folder = join(cluster.root, "var/lib/keysystem");
  return readdirSync(folder)
    .filter((name) => name.startsWith("ledger.db"))
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    });
}

test.for([
  ["a key that is not proven", (csr: string) => forge(csr), "key.not_proven"],
  ["bytes after the request", (csr: string) => `${csr}x`, "key.malformed"],
  ["no request", () => "hello", "key.malformed"],
] as const)("a join with %s is refused and leaves the secret good", async ([, spoil, code]) => {
  const joinString = await cluster.admit("m1");
  const refused = await redeemJoin(cluster, joinString, { csr: spoil(makeRequest().csr) });
  expect(refused.code).toBe(code);
  expect((await redeemJoin(cluster, joinString, { csr: makeRequest().csr })).status).toBe(200);
});

/** Turns one bit of the signature's last byte. */
function forge(csr: string): string {
  const [begin = "", ...rest] = csr.trimEnd().split("\n");
  const end = rest.pop() ?? "";
  const der = Buffer.from(rest.join(""), "base64");
  der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return [begin, ...lines, end, ""].join("\n");
}

test("a join from another address than the node's is refused", async () => {
  const answer = await redeemJoin(cluster, await cluster.admit("w1"), { csr: makeRequest().csr });
  expect([answer.status, answer.code]).toEqual([403, "policy.address"]);
});

test("a removed node is refused at once and comes back by joining", async () => {
  const identity = await joinByHand(cluster, "m1");
  expect((await askHttps(cluster, PATHS.grants, { identity })).status).toBe(200);
  expect((await cluster.keyserver(["node", "remove", "m1"])).code).toBe(0);
  expect((await askHttps(cluster, PATHS.grants, { identity })).code).toBe("auth.suspended");
  const again = await joinByHand(cluster, "m1");
  expect((await askHttps(cluster, PATHS.grants, { identity: again })).status).toBe(200);
  expect((await askHttps(cluster, PATHS.grants, { identity })).code).toBe("auth.superseded");
});
