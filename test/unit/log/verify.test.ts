import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Checkpoint } from "../../../server/ledger/ledger.ts";
import { openLedger } from "../../../server/ledger/sqlite.ts";
import { chain } from "../../../server/log/chain.ts";
import { verifyLog } from "../../../server/log/verify.ts";

const SIZE = 20;

/** A ledger of twenty entries, closed; with the checkpoints that were seen on the way. */
async function createLog(): Promise<{ file: string; checkpoints: readonly Checkpoint[] }> {
  const folder = mkdtempSync(join(tmpdir(), "log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "ledger.db");
  const ledger = openLedger({ file, create: true, now: () => 1 });
  const checkpoints: Checkpoint[] = [];
  for (let n = 1; n <= SIZE; n++) {
    await ledger.note({ at: n, event: "test", n });
    checkpoints.push(await ledger.checkpoint());
  }
  await ledger.close();
  return { file, checkpoints };
}

/** Changes the file past the triggers, as someone would who can write it. */
function tamper(file: string, sql: string): void {
  const db = new Database(file);
  db.exec("DROP TRIGGER log_keeps_entries; DROP TRIGGER log_keeps_bodies");
  db.exec(sql);
  db.close();
}

test("an untouched log stands where its last checkpoint says", async () => {
  const { file, checkpoints } = await createLog();
  for (const known of checkpoints) {
    expect(verifyLog(file, known)).toEqual({ ok: true, checkpoint: checkpoints.at(-1) });
  }
});

test("an empty log is whole", () => {
  const folder = mkdtempSync(join(tmpdir(), "log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "ledger.db");
  void openLedger({ file, create: true, now: () => 1 }).close();
  expect(verifyLog(file)).toEqual({ ok: true, checkpoint: { size: 0, head: "00".repeat(32) } });
});

describe("verify names the first bad entry when someone has", () => {
  test.for([
    ["edited an entry", "UPDATE log SET body = replace(body, '7', '8') WHERE seq = 7", 7],
    ["edited a hash", "UPDATE log SET hash = zeroblob(32) WHERE seq = 7", 7],
    ["deleted an entry", "DELETE FROM log WHERE seq = 7", 7],
    ["deleted the first", "DELETE FROM log WHERE seq = 1", 1],
    [
      "swapped two entries",
      `CREATE TEMP TABLE one AS SELECT * FROM log WHERE seq IN (7, 8);
       UPDATE log SET body = (SELECT body FROM one WHERE seq != log.seq),
         hash = (SELECT hash FROM one WHERE seq != log.seq) WHERE seq IN (7, 8)`,
      7,
    ],
    ["put one in front", "INSERT INTO log VALUES (0, '{}', zeroblob(32))", 1],
    ["put one behind", "INSERT INTO log VALUES (21, '{}', zeroblob(32))", 21],
    ["put one far behind", "INSERT INTO log SELECT 23, body, hash FROM log WHERE seq = 20", 21],
  ] as const)("%s", async ([, sql, index]) => {
    const { file } = await createLog();
    tamper(file, sql);
    expect(verifyLog(file)).toMatchObject({ ok: false, index });
  });
});

describe("a checkpoint kept elsewhere betrays", () => {
  test("a tail that was cut off", async () => {
    const { file, checkpoints } = await createLog();
    tamper(file, "DELETE FROM log WHERE seq > 15");
    expect(verifyLog(file)).toMatchObject({ ok: true });
    expect(verifyLog(file, checkpoints.at(-1))).toMatchObject({ ok: false, index: 16 });
    expect(verifyLog(file, checkpoints[14])).toMatchObject({ ok: true });
  });

  test("an older copy in place of the file", async () => {
    const { file } = await createLog();
    copyFileSync(file, `${file}.old`);
    const ledger = openLedger({ file, now: () => 1 });
    await ledger.note({ at: 1, event: "later" });
    const known = await ledger.checkpoint();
    await ledger.close();
    copyFileSync(`${file}.old`, file);
    expect(verifyLog(file, known)).toMatchObject({ ok: false, index: SIZE + 1 });
  });

  test("a history that was written anew", async () => {
    const { file, checkpoints } = await createLog();
    const db = new Database(file);
    db.exec("DROP TRIGGER log_keeps_bodies");
    let head: Buffer = Buffer.alloc(32);
    const write = db.prepare<[string, Buffer, number]>(
      "UPDATE log SET body = ?, hash = ? WHERE seq = ?",
    );
    for (let seq = 1; seq <= SIZE; seq++) {
      const body = `{"at":${seq},"event":"forged"}`;
      head = chain(head, body);
      write.run(body, head, seq);
    }
    db.close();
    expect(verifyLog(file)).toMatchObject({ ok: true });
    expect(verifyLog(file, checkpoints[9])).toMatchObject({ ok: false, index: 10 });
  });
});

test.for([
  "UPDATE log SET body = '' WHERE seq = 3",
  "UPDATE log SET hash = zeroblob(32)",
  "DELETE FROM log WHERE seq = 20",
])("an accident is stopped: %s", async (sql) => {
  const { file, checkpoints } = await createLog();
  const db = new Database(file);
  expect(() => db.exec(sql)).toThrow("the log is append-only");
  db.close();
  expect(verifyLog(file, checkpoints.at(-1))).toMatchObject({ ok: true });
});

test("hostile text in a note stays inside its entry", async () => {
  const { file } = await createLog();
  const ledger = openLedger({ file, now: () => 1 });
  const reason = `${"\u202e\r\n\u001b[2J".repeat(1000)}","at":0}`;
  await ledger.note({ at: 1, event: "refused", reason });
  await ledger.close();
  expect(verifyLog(file)).toMatchObject({ ok: true, checkpoint: { size: SIZE + 1 } });
});
