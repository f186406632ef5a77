import { spawnSync } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkLedger } from "../../../server/ledger/check.ts";
import type { Ledger } from "../../../server/ledger/ledger.ts";
import { openLedger } from "../../../server/ledger/sqlite.ts";
import { createFolder, createTestLedger, intentOf, issue, NOW, recordOf } from "./fixture.ts";

const UNAVAILABLE = { code: "ledger.unavailable" };

const rejections = (
  outcomes: readonly PromiseSettledResult<unknown>[],
): readonly PromiseRejectedResult[] => {
  const rejected = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(rejected).toHaveLength(outcomes.length);
  return rejected;
};

describe("while another program holds the lock", () => {
  test("writes wait, the process goes on, and they are committed when it lets go", async () => {
    const { ledger, file } = createTestLedger();
    const known = await issue(ledger);
    const foreign = new Database(file);
    foreign.exec("BEGIN IMMEDIATE");
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 10);
    const waiting = Promise.all([ledger.intend([intentOf()]), ledger.intend([intentOf()])]);
    await setTimeout(300);
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(5);
    expect((await ledger.findCertificate(known.serial))?.state).toBe("issued");
    foreign.close();
    await waiting;
  });

  test("for longer than some seconds, writers hear of it and the ledger recovers", async () => {
    const { ledger, file } = createTestLedger();
    const foreign = new Database(file);
    foreign.exec("BEGIN IMMEDIATE");
    const begin = performance.now();
    const waiting = [ledger.intend([intentOf()]), ledger.probe()];
    const message = "the ledger cannot be written: another program holds it locked";
    for (const { reason } of rejections(await Promise.allSettled(waiting))) {
      expect(reason).toMatchObject({ ...UNAVAILABLE, message });
    }
    expect(performance.now() - begin).toBeLessThan(5000);
    foreign.close();
    await ledger.probe();
    await issue(ledger);
  });

  test("no more wait than can be held", async () => {
    const { ledger, file } = createTestLedger();
    const foreign = new Database(file);
    foreign.exec("BEGIN IMMEDIATE");
    const writes = Array.from({ length: 10_050 }, (_, n) => ledger.note({ at: n, event: "x" }));
    const held = Promise.allSettled(writes);
    await expect(writes.at(-1)).rejects.toThrow(/too many wait for it/);
    foreign.close();
    const outcomes = await held;
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(10_000);
  });
});

/** Only who may mount can fill a disk. */
const canMount = process.geteuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;
const mountTest = canMount ? test : test.skip;

function mountDisk(megabytes: number): string {
  const folder = createFolder();
  const options = ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder];
  expect(spawnSync("mount", options).status).toBe(0);
  onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return folder;
}

/** Fills what is left, to the last block. */
function fillDisk(folder: string): string {
  const file = join(folder, "filler");
  spawnSync("dd", ["if=/dev/zero", `of=${file}`, "bs=4k"]);
  return file;
}

/** Issues until the ledger refuses; gives the serials that it acknowledged. */
async function issueUntilFull(ledger: Ledger): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  for (let n = 0; n < 10_000; n++) {
    const intent = intentOf();
    try {
      await ledger.intend([intent]);
      await ledger.record([recordOf(intent, { certificate: Buffer.alloc(4000) })]);
    } catch (error) {
      expect(error).toMatchObject(UNAVAILABLE);
      return acknowledged;
    }
    acknowledged.push(intent.serial);
  }
  throw new Error("the disk never got full");
}

describe(canMount ? "a disk" : "a disk (skipped: needs root to mount)", () => {
  mountTest(
    "that is full refuses writes, serves reads, and is used again when there is room",
    async () => {
      const folder = mountDisk(4);
      const file = join(folder, "ledger.db");
      const ledger = openLedger({ file, create: true, now: () => NOW });
      const known = await issue(ledger);
      await ledger.probe();

      const filler = fillDisk(folder);
      const acknowledged = await issueUntilFull(ledger);
      await expect(ledger.probe()).rejects.toThrow(/the disk is full/);
      for (const serial of [known.serial, ...acknowledged]) {
        expect((await ledger.findCertificate(serial))?.state).toBe("issued");
      }
      rmSync(filler);
      await ledger.probe();
      await issue(ledger);
      await ledger.close();
      expect(checkLedger(file)).toEqual([]);
    },
  );
});

test("a probe of a healthy ledger writes nothing", async () => {
  const { ledger, file } = createTestLedger();
  await issue(ledger);
  const sizes = (): readonly number[] =>
    ["", "-wal"].map((end) => statSync(file + end).size + statSync(file + end).mtimeMs);
  const before = sizes();
  for (let n = 0; n < 50; n++) await ledger.probe();
  expect(sizes()).toEqual(before);
});
