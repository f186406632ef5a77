import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { PATHS } from "../../protocol/paths.ts";
import { checkLedger } from "../../server/ledger/check.ts";
import { type Cluster, createCluster } from "../harness/cluster.ts";
import { askHttps, type HttpsAnswer, type Identity } from "../harness/test-node.ts";
import { listenAsSystemd } from "../harness/systemd.ts";
import { waitFor } from "../harness/wait.ts";
import { expectSound, ledgerFile } from "./authority-state.ts";
import { CAN_MOUNT, mountUnder, type SmallDisk } from "./mounted-disk.ts";
import { askBatch, joinAndUse, serialsIn } from "./requests.ts";
import { attachStrace } from "./strace.ts";

let cluster: Cluster;
let identity: Identity;
let disk: SmallDisk | undefined;
const acknowledged: string[] = [];

beforeAll(async () => {
  cluster = await createCluster();
  if (CAN_MOUNT) disk = await mountUnder(dirname(ledgerFile(cluster)), 8);
  await cluster.start();
  identity = await joinAndUse(cluster, "m1");
});
afterAll(async () => {
  await cluster.stop();
  await disk?.unmount();
  await cluster.dispose();
});
afterEach(async () => {
  disk?.empty();
  expect(checkLedger(ledgerFile(cluster))).toEqual([]);
  await cluster.stop();
  await cluster.start();
  expectSound(cluster, acknowledged);
});

const ready = (): Promise<HttpsAnswer> => askHttps(cluster, PATHS.readyz);

async function expectWorks(): Promise<void> {
  await waitFor("ready again", async () => (await ready()).status === 200);
  const serials = serialsIn(await askBatch(cluster, identity));
  expect(serials).toHaveLength(3);
  acknowledged.push(...serials);
}

/** Asks until a batch is sent away; what was handed out before counts as acknowledged. */
async function askUntilRefused(): Promise<HttpsAnswer> {
  for (let round = 0; round < 200; round++) {
    const answer = await askBatch(cluster, identity);
    if (answer.status !== 200) return answer;
    acknowledged.push(...serialsIn(answer));
  }
  throw new Error("no batch was refused");
}

/** The whole batch is sent away, and what needs no writing is still answered. */
async function expectUnavailable(answer: HttpsAnswer, why: string): Promise<void> {
  expect([answer.status, answer.code]).toEqual([503, "ledger.unavailable"]);
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  expect(serialsIn(answer)).toEqual([]);
  const paths = [PATHS.healthz, PATHS.trust];
  const answers = await Promise.all(paths.map((path) => askHttps(cluster, path)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  const { status, body } = await ready();
  expect([status, body]).toEqual([503, expect.stringContaining(why)]);
}

const diskDescribe = CAN_MOUNT ? describe : describe.skip;
diskDescribe(CAN_MOUNT ? "a disk" : "a disk (skipped: needs root to mount)", () => {
  test("4: that fills up: nothing is handed out that is not stored, and it goes on when there is room", async () => {
    for (let pages = 0; pages <= 16; pages += 2) {
      await disk?.fill(pages * 4096);
      await expectUnavailable(await askUntilRefused(), "the disk is full");
      disk?.empty();
      await expectWorks();
    }
  });
});

/** By which the ledger is written. */
const WRITES = "pwrite64,ftruncate,fsync,fdatasync";
/** By which a program asks whether it might write. */
const QUESTIONS = "access,faccessat,faccessat2";

/** Lets system calls of keyserver fail while `act` runs; `fault` as strace's `inject=` takes it. */
async function whileFailing(fault: string, act: () => Promise<void>): Promise<void> {
  const [calls = ""] = fault.split(":");
  const options = ["-e", `trace=${calls}`, "-e", `inject=${fault}`];
  const trace = await attachStrace(cluster.current().pid, options);
  try {
    await act();
  } finally {
    await trace.detach();
  }
}

// The kernel refuses to remount under an open file; after an error of its own it answers as here.
test.for([
  ["turns read-only", `${WRITES},${QUESTIONS}:error=EROFS`, "read-only"],
  ["takes no bytes", `pwrite64:error=EIO`, "its disk reports errors"],
  ["has no room for a page", `pwrite64:error=ENOSPC`, "the disk is full"],
] as const)("5: a file system that %s is told of, and used again", async ([, fault, why]) => {
  await whileFailing(fault, async () => {
    await expectUnavailable(await askBatch(cluster, identity), why);
  });
  await expectWorks();
});

test.for([1, 2])(
  "3: a sync that fails once, the %d. of a batch, ends all writing until a restart",
  async (at) => {
    // The first write after a start begins a new file, whose folder is synced too.
    await expectWorks();
    await whileFailing(`fsync,fdatasync:error=EIO:when=${at}`, async () => {
      await expectUnavailable(await askBatch(cluster, identity), "a sync failed");
    });
    const again = await askBatch(cluster, identity);
    expect([again.status, again.code]).toEqual([503, "ledger.unavailable"]);
    expect((await ready()).status).toBe(503);
  },
);

test("3: under systemd a sync that fails ends keyserver loudly, and it is started anew", async () => {
  await cluster.stop();
  using systemd = await listenAsSystemd(join(cluster.folder, "notify"));
  const supervised = { NOTIFY_SOCKET: systemd.path };
  const daemon = await cluster.start(supervised);
  await expectWorks();
  await whileFailing("fsync,fdatasync:error=EIO:when=1", async () => {
    expect((await askBatch(cluster, identity)).code).toBe("ledger.unavailable");
    await waitFor("keyserver ended", () => Promise.resolve(daemon.hasEnded()));
  });
  expect(await daemon.stop()).toBe(1);
  expect(daemon.output()).toContain("a sync failed, nothing more can be written");
  await cluster.stop();
  await cluster.start(supervised);
  await expectWorks();
});
