import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type Cluster } from "../harness/cluster.ts";
import {
  freshJoin,
  joinedRenewal,
  killAt,
  listKillPoints,
  sampleOf,
  type KillPoint,
  type Verdict,
} from "./client-kills.ts";
import { canRun } from "./installed-programs.ts";
import { CONSUMER_POLICY } from "./policy.ts";

const isPossible = canRun(["strace", "unshare", "ssh-keygen"]);
/** Points of each command besides those where the most is at stake; `npm run faults` takes them all. */
const SAMPLE = 4;
const TIMEOUT = 240_000;

let cluster: Cluster;

const said = ({ call, at, line }: KillPoint, { faults }: Verdict): readonly string[] =>
  faults.map((fault) => `${call} ${at}, ${line}: ${fault}`);

describe.skipIf(!isPossible)("keyclient is killed", () => {
  beforeAll(async () => {
    cluster = await startCluster({
      policy: CONSUMER_POLICY,
      cluster: "hyades",
      domain: "hyades.test",
    });
  });
  afterAll(() => cluster?.dispose());

  test(
    "13: during a renewal: keys and certificates fit after the next run, network or not",
    { timeout: TIMEOUT },
    async () => {
      const victim = await joinedRenewal(cluster, "renewal");
      const points = sampleOf(await listKillPoints(victim), SAMPLE);
      let hits = 0;
      for (const point of points) {
        const verdict = await killAt(victim, point);
        hits += verdict.wasHit ? 1 : 0;
        expect(said(point, verdict)).toEqual([]);
      }
      expect(hits).toBeGreaterThan(points.length / 2);
    },
  );

  test("1: during a join: the same string finishes it", { timeout: TIMEOUT }, async () => {
    const points = sampleOf(await listKillPoints(await freshJoin(cluster, "first")), SAMPLE);
    let hits = 0;
    for (const [index, point] of points.entries()) {
      const verdict = await killAt(await freshJoin(cluster, `join-${index}`), point);
      hits += verdict.wasHit ? 1 : 0;
      expect(said(point, verdict)).toEqual([]);
    }
    expect(hits).toBeGreaterThan(points.length / 2);
  });
});
