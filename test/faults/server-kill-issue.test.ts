import { afterAll, beforeAll, expect, test } from "vitest";
import type { Identity } from "../harness/test-node.ts";
import { type ApartCluster, restart, startApart } from "./authority-processes.ts";
import { expectSound, leftovers } from "./authority-state.ts";
import { killAtEachCall } from "./kill-points.ts";
import { askBatch, joinAndUse, serialsIn } from "./requests.ts";

let cluster: ApartCluster;
let identity: Identity;

beforeAll(async () => {
  cluster = await startApart();
  identity = await joinAndUse(cluster, "m1");
});
afterAll(async () => {
  await cluster.dispose();
});

test("1, 2: keyserver killed at every call of a batch loses nothing that it acknowledged", async () => {
  const acknowledged: string[] = [];
  const issue = async (): Promise<void> => {
    const serials = serialsIn(await askBatch(cluster, identity));
    expect(serials).toHaveLength(3);
    acknowledged.push(...serials);
  };
  const killed = await killAtEachCall({
    folder: cluster.folder,
    pid: () => cluster.current().pid,
    prepare: () => Promise.resolve(),
    operate: issue,
    async afterKill() {
      await restart(cluster);
      expectSound(cluster, acknowledged);
      await issue();
    },
  });
  expect(killed).toContain("pwrite64 9");
  expect(killed).toContain("writev 1");
  expect(killed.some((point) => point.endsWith("sync 2"))).toBe(true);
  await expectLeftoversListed();
}, 170_000);

/** A certificate that was signed and never recorded can be found by its serial, with the reason. */
async function expectLeftoversListed(): Promise<void> {
  const lost = leftovers(cluster);
  expect(lost.length).toBeGreaterThan(0);
  const { stdout } = await cluster.keyserver(["cert", "list", "--limit", "1000"]);
  const lines = stdout.split("\n");
  for (const serial of lost) {
    expect(lines.find((line) => line.startsWith(serial))).toMatch(/abandoned.*found at start/);
  }
  const shown = await cluster.keyserver(["cert", "show", lost[0] ?? ""]);
  expect(shown.stdout).toMatch(/^why +found at start/m);
}
