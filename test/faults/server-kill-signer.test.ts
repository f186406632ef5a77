import { afterAll, beforeAll, expect, test } from "vitest";
import { PATHS } from "../../protocol/paths.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { listDescendants } from "../harness/process-table.ts";
import { askHttps, type HttpsAnswer, type Identity } from "../harness/test-node.ts";
import { waitFor } from "../harness/wait.ts";
import { expectSound, leftovers } from "./authority-state.ts";
import { killAtEachCall } from "./kill-points.ts";
import { askBatch, joinAndUse, serialsIn } from "./requests.ts";

let cluster: Cluster;
let identity: Identity;
const acknowledged: string[] = [];

beforeAll(async () => {
  cluster = await startCluster();
  identity = await joinAndUse(cluster, "m1");
});
afterAll(async () => {
  await cluster.dispose();
});

const signerPid = (): number => listDescendants(cluster.current().pid)[0] ?? 0;

const untilReady = (): Promise<unknown> =>
  waitFor("signer again", async () => (await askHttps(cluster, PATHS.readyz)).status === 200, 30);

/** Nothing of a batch whose signer went away is handed out, and each of its requests says why. */
function expectRefused(answer: HttpsAnswer): void {
  expect([answer.status, serialsIn(answer)]).toEqual([200, []]);
  expect(answer.body.match(/urn:keysystem:error:signer\.unavailable/g)).toHaveLength(3);
}

async function expectWorks(): Promise<void> {
  await untilReady();
  const serials = serialsIn(await askBatch(cluster, identity));
  expect(serials).toHaveLength(3);
  acknowledged.push(...serials);
  expectSound(cluster, acknowledged);
}

test("1: keysigner killed at every call of a batch is started again, and the batch is refused", async () => {
  const keyserver = cluster.current().pid;
  const killed = await killAtEachCall({
    folder: cluster.folder,
    pid: signerPid,
    prepare: untilReady,
    operate: () => askBatch(cluster, identity),
    async afterKill(_given, answer) {
      if (answer === undefined) throw new Error("keyserver did not answer");
      expectRefused(answer);
      await expectWorks();
    },
  });
  expect(killed).toEqual(expect.arrayContaining(["write 1", "write 2"]));
  expect(cluster.current().pid).toBe(keyserver);
  expect(cluster.current().hasEnded()).toBe(false);
  // Killed between its record and its answer, it leaves signatures that nobody got and everybody can find.
  expect(leftovers(cluster).length).toBeGreaterThan(0);
}, 120_000);

test("a keysigner that stands still is waited for no longer than its time", async () => {
  const signer = signerPid();
  const asked = performance.now();
  process.kill(signer, "SIGSTOP");
  const answer = await askBatch(cluster, identity).finally(() => process.kill(signer, "SIGCONT"));
  expect(performance.now() - asked).toBeLessThan(15_000);
  expectRefused(answer);
  await expectWorks();
  expect(signerPid()).toBe(signer);
});
