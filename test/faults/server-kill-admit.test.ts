import { afterAll, beforeAll, expect, test } from "vitest";
import { makeRequest, redeemJoin } from "../harness/test-node.ts";
import { type ApartCluster, restart, startApart } from "./authority-processes.ts";
import { expectSound } from "./authority-state.ts";
import { killAtEachCall } from "./kill-points.ts";
import { admitOverSocket } from "./requests.ts";

let cluster: ApartCluster;

beforeAll(async () => {
  cluster = await startApart();
});
afterAll(async () => {
  await cluster.dispose();
});

test("1: keyserver killed at every call of an admission: a join string that was shown is good", async () => {
  const redeem = async (joinString: string): Promise<number> =>
    (await redeemJoin(cluster, joinString, { csr: makeRequest().csr })).status;
  const killed = await killAtEachCall({
    folder: cluster.folder,
    pid: () => cluster.current().pid,
    prepare: () => Promise.resolve(),
    operate: () => admitOverSocket(cluster, "m1"),
    async afterKill(_given, shown) {
      await restart(cluster);
      expectSound(cluster, []);
      if (shown !== undefined) expect(await redeem(shown)).toBe(200);
      expect(await redeem(await admitOverSocket(cluster, "m1"))).toBe(200);
      expectSound(cluster, []);
    },
  });
  expect(killed).toContain("pwrite64 3");
  expect(killed.some((point) => point.endsWith("sync 1"))).toBe(true);
}, 170_000);
