import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { checkLedger } from "../../../server/ledger/check.ts";
import { FOUND_AT_START } from "../../../server/ledger/abandonment.ts";
import { createLedger } from "../../../server/ledger/ledger-file.ts";
import { MIGRATIONS, migrate } from "../../../server/ledger/schema.ts";
import { openLedger } from "../../../server/ledger/sqlite.ts";
import { createFolder, intentOf, issue, NOW } from "./fixture.ts";

const open = (file: string): ReturnType<typeof openLedger> => openLedger({ file, now: () => NOW });
const isRoot = process.geteuid?.() === 0;

function createFile(): string {
  const file = join(createFolder(), "ledger.db");
  createLedger(file);
  return file;
}

describe("a new ledger", () => {
  test("is its owner's alone, with all that is beside it", async () => {
    const file = createFile();
    const ledger = open(file);
    await issue(ledger);
    for (const suffix of ["", "-wal", "-shm", ".lock"]) {
      expect(statSync(file + suffix).mode & 0o777).toBe(0o600);
    }
    await ledger.close();
  });

  test("is created once", () => {
    const file = createFile();
    const before = readFileSync(file);
    expect(() => createLedger(file)).toThrow(/is there already; a ledger is created only once/);
    expect(readFileSync(file)).toEqual(before);
  });

  test("leaves no draft, and does not trip over one", () => {
    const file = join(createFolder(), "ledger.db");
    writeFileSync(`${file}.new`, "cut short");
    createLedger(file);
    expect(existsSync(`${file}.new`)).toBe(false);
    expect(checkLedger(file)).toEqual([]);
  });

  test("is synced to every commit, in WAL mode", async () => {
    const file = createFile();
    await open(file).close();
    const db = new Database(file, { readonly: true });
    expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
    db.close();
  });
});

describe("opening refuses", () => {
  test.for([
    {
      what: "a file that is not there",
      spoil: () => "missing.db",
      want: /there is no ledger; create one with: keyserver init/,
    },
    {
      what: "a folder",
      spoil: (file: string) => {
        mkdirSync(`${file}.d`);
        return "ledger.db.d";
      },
      want: /is a directory/,
    },
    {
      what: "a symbolic link",
      spoil: (file: string) => {
        symlinkSync(file, `${file}.link`);
        return "ledger.db.link";
      },
      want: /is not a regular file/,
    },
    {
      what: "a text",
      spoil: (file: string) => {
        writeFileSync(file, "x".repeat(10_000));
        return "ledger.db";
      },
      want: /is not a database; restore a backup/,
    },
    {
      what: "an empty file",
      spoil: (file: string) => {
        truncateSync(file, 0);
        return "ledger.db";
      },
      want: /is empty; restore a backup/,
    },
    {
      what: "another database",
      spoil: (file: string) => {
        const db = new Database(`${file}.other`);
        db.exec("CREATE TABLE t (x)");
        db.close();
        chmodSync(`${file}.other`, 0o600);
        return "ledger.db.other";
      },
      want: /is a database, but no ledger/,
    },
    {
      what: "one that others may read",
      spoil: (file: string) => {
        chmodSync(file, 0o644);
        return "ledger.db";
      },
      want: /has mode 644.*chmod 600/,
    },
    {
      what: "a newer version",
      spoil: (file: string) => {
        const db = new Database(file);
        db.exec("UPDATE schema SET version = 99");
        db.close();
        return "ledger.db";
      },
      want: new RegExp(
        `has version 99, and this keyserver knows versions up to ${MIGRATIONS.length};`,
      ),
    },
  ])("$what", ({ spoil, want }) => {
    const file = createFile();
    const spoilt = join(file, "..", spoil(file));
    expect(() => open(spoilt)).toThrow(want);
    expect(() => open(spoilt)).toThrow(expect.objectContaining({ code: "ledger.unusable" }));
  });

  test.runIf(isRoot)("one that belongs to another user", () => {
    const file = createFile();
    chownSync(file, 12_345, 12_345);
    expect(() => open(file)).toThrow(/belongs to user 12345, and this process runs as user 0/);
  });

  test("a second keyserver, until the first one ends", async () => {
    const file = createFile();
    const first = open(file);
    expect(() => open(file)).toThrow(/another keyserver has it open/);
    const second = spawnSync(process.execPath, [
      "--input-type=module",
      "-e",
      `import { openLedger } from ${JSON.stringify(join(import.meta.dirname, "../../../server/ledger/sqlite.ts"))};
       openLedger({ file: ${JSON.stringify(file)}, now: () => 1 });`,
    ]);
    expect(second.status).not.toBe(0);
    expect(second.stderr.toString()).toContain("another keyserver has it open");
    await issue(first);
    await first.close();
    await open(file).close();
  });
});

test("an older ledger is brought to the version of the program, with what is in it", () => {
  const file = createFile();
  const db = new Database(file);
  db.exec("INSERT INTO names (kind, name) VALUES (1, 'kept')");
  migrate(db, [...MIGRATIONS, "ALTER TABLE names ADD COLUMN colour TEXT"]);
  const names = db.prepare("SELECT name, colour FROM names").all();
  expect(names).toEqual([{ name: "kept", colour: null }]);
  expect(db.prepare("SELECT version FROM schema").pluck().get()).toBe(MIGRATIONS.length + 1);
  expect(() => migrate(db)).toThrow(/has version/);
  db.close();
});

test("a migration that fails leaves the older ledger as it was", () => {
  const file = createFile();
  const db = new Database(file);
  const steps = [...MIGRATIONS, "CREATE TABLE half (x); CREATE TABLE half (x)"];
  expect(() => migrate(db, steps)).toThrow(/half already exists/);
  migrate(db);
  db.close();
  expect(checkLedger(file)).toEqual([]);
});

test("intents that an earlier process left open are abandoned, logged and listed", async () => {
  const file = createFile();
  const first = open(file);
  const issued = await issue(first);
  const left = intentOf({ subject: "node:left" });
  await first.intend([left]);
  await first.close();

  const second = open(file);
  const found = await second.listCertificates({ at: NOW, limit: 10 });
  expect(found.map(({ serial, state, why }) => ({ serial, state, why }))).toEqual([
    { serial: left.serial, state: "abandoned", why: FOUND_AT_START },
    { serial: issued.serial, state: "issued", why: undefined },
  ]);
  const { size } = await second.checkpoint();
  expect(size).toBe(2);
  await second.close();

  const third = open(file);
  expect((await third.checkpoint()).size).toBe(2);
  await third.close();
  expect(checkLedger(file)).toEqual([]);
});

test("writes that wait when the ledger is closed are committed, later ones are refused", async () => {
  const file = createFile();
  const ledger = open(file);
  const intent = intentOf();
  const waiting = ledger.intend([intent]);
  await ledger.close();
  await waiting;
  await expect(ledger.intend([intentOf()])).rejects.toMatchObject({ code: "ledger.unavailable" });
  const again = open(file);
  expect(await again.findCertificate(intent.serial)).toBeDefined();
  await again.close();
});
