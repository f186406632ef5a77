import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import type { Identity } from "../harness/test-node.ts";
import { type Acknowledged, askFromPort, askTogether } from "./acknowledged.ts";
import { joinAndUse } from "./requests.ts";
import { attachStrace } from "./strace.ts";
import { coverOf, parseTrace } from "./sync-trace.ts";

let cluster: Cluster;
let identity: Identity;

beforeAll(async () => {
  cluster = await startCluster();
  identity = await joinAndUse(cluster, "m1");
});
afterAll(async () => {
  await cluster.dispose();
});

/** Requests at a time, as they come, and others that come in one moment: fifty in all. */
const ROUNDS = [1, 1, 1, 1, 1, 1, 4, 4, 4];
const TOGETHER = 16;

test("8: every acknowledged certificate is covered by a sync that ended before its reply", async () => {
  const file = join(cluster.folder, "syncs.trace");
  const calls = "trace=fsync,fdatasync,pwrite64,write,writev";
  const args = ["-yy", "-xx", "-s", "8192", "-e", calls, "-o", file];
  const { pid } = cluster.current();
  const trace = await attachStrace(pid, args);
  const acknowledged: Acknowledged[] = [];
  for (const count of ROUNDS) {
    const asked = Array.from({ length: count }, () => askFromPort(cluster, identity));
    acknowledged.push(...(await Promise.all(asked)));
  }
  for (let round = 0; round < 2; round++) {
    acknowledged.push(...(await askTogether(cluster, identity, { count: TOGETHER, pid })));
  }
  await trace.detach();

  const events = parseTrace(readFileSync(file, "utf8"));
  const covers = acknowledged.map((each) => coverOf(events, each));
  expect(covers.filter(({ intended }) => !intended)).toEqual([]);
  expect(covers.filter(({ recordedBy }) => recordedBy === undefined)).toEqual([]);
  expect(covers).toHaveLength(50);
  // Each alone would take a sync of its own for its record.
  const together = covers.slice(-2 * TOGETHER).map(({ recordedBy }) => recordedBy);
  expect(new Set(together).size).toBeLessThanOrEqual(TOGETHER);
}, 60_000);
