import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { LedgerError, sqliteCodeOf } from "./ledger-error.ts";
import { migrate } from "./schema.ts";

/**
 * Creates an empty ledger, readable by its owner alone. Only `keyserver init` does.
 *
 * It appears under its name whole or not at all.
 *
 * @throws LedgerError `ledger.unusable` when something is there already, or nothing can be.
 */
export function createLedger(file: string): void {
  const draft = `${file}.new`;
  try {
    removeDraft(draft);
    closeSync(openSync(draft, "wx", 0o600));
    const db = new Database(draft);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    migrate(db);
    db.close();
    syncPath(draft);
    linkSync(draft, file);
    removeDraft(draft);
    syncPath(dirname(file));
  } catch (error) {
    removeDraft(draft);
    throw isCode(error, "EEXIST") ? thereAlready(file) : unusable(file, error);
  }
}

/** Loads the database driver, which otherwise comes with the first database that is opened. */
export function loadDriver(): void {
  new Database(":memory:").close();
}

/**
 * Opens the database of an existing ledger for writing and brings it to this program's version.
 *
 * @throws LedgerError `ledger.unusable` with what is wrong and what to do.
 */
export function openDatabase(file: string): Database.Database {
  const db = new Database(file, { fileMustExist: true, timeout: LOCK_WAIT_MS });
  try {
    db.pragma("foreign_keys = ON");
    db.pragma("synchronous = FULL");
    db.pragma("journal_mode = WAL");
    db.pragma(`cache_size = -${CACHE_KIB}`);
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw unusable(file, error);
  }
}

/** SQLite blocks the whole process while it waits for a lock, so it waits briefly and the group commit retries. */
const LOCK_WAIT_MS = 20;
const CACHE_KIB = 16 * 1024;
const CHECKPOINT_PAGES = 4000;

/** @throws LedgerError `ledger.unusable` when the file is missing, foreign, open to others or no file at all. */
export function checkLedgerFile(file: string): void {
  const why = fault(file);
  if (why !== undefined) throw new LedgerError("ledger.unusable", `${file}: ${why}`);
}

/** What is wrong with the file at first sight; undefined when nothing is. */
function fault(file: string): string | undefined {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined)
    return "there is no ledger; create one with: keyserver init, or restore a backup of it";
  if (stat.isDirectory()) return "is a directory, and should be the ledger's file";
  if (!stat.isFile()) return "is not a regular file";
  if (stat.size === 0) return "is empty; restore a backup of the ledger";
  const me = process.geteuid?.();
  if (me !== undefined && stat.uid !== me) {
    return `belongs to user ${stat.uid}, and this process runs as user ${me}; run it as user ${stat.uid}, or: chown ${me} ${file}`;
  }
  const mode = stat.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    return `has mode ${mode.toString(8)}, so others can open it; chmod 600 ${file}`;
  }
  return canOpen(file) ? undefined : `cannot be read and written; chmod 600 ${file}`;
}

function canOpen(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    return true;
  } catch (error) {
    // A read-only file system shows itself at the first write; what is there can be read until then.
    return isCode(error, "EROFS");
  }
}

function unusable(file: string, error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  const cause = { cause: error };
  if (sqliteCodeOf(error) === "SQLITE_NOTADB") {
    const help = "is not a database; restore a backup of the ledger";
    return new LedgerError("ledger.unusable", `${file}: ${help}`, cause);
  }
  const why = error instanceof Error ? error.message : String(error);
  return new LedgerError("ledger.unusable", `${file}: ${why}`, cause);
}

const thereAlready = (file: string): LedgerError =>
  new LedgerError("ledger.unusable", `${file}: is there already; a ledger is created only once`);

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

function removeDraft(draft: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(draft + suffix, { force: true });
}

function syncPath(path: string): void {
  const handle = openSync(path, "r");
  fsyncSync(handle);
  closeSync(handle);
}
