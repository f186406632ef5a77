import { closeSync, existsSync, openSync } from "node:fs";
import Database from "better-sqlite3";
import { LedgerError, sqliteCodeOf } from "./ledger-error.ts";

/**
 * Holds a ledger for this process: what an opening keyserver finds unfinished is abandoned, so a second
 * one beside it would abandon what the first is about to sign.
 *
 * The lock is SQLite's own exclusive lock on an empty file beside the ledger; the kernel drops it when
 * the process ends, however it ends.
 *
 * @returns the release.
 * @throws LedgerError `ledger.unusable` when another holds it.
 */
export function holdLedger(file: string): () => void {
  const lock = `${file}.lock`;
  try {
    // Only where it is missing: closing any handle on a file gives up all locks that this process has on it.
    if (!existsSync(lock)) closeSync(openSync(lock, "a", 0o600));
    const db = new Database(lock, { timeout: 0 });
    db.pragma("locking_mode = EXCLUSIVE");
    return takeLock(db);
  } catch (error) {
    throw sqliteCodeOf(error).startsWith("SQLITE_BUSY") ? held(file, error) : error;
  }
}

function takeLock(db: Database.Database): () => void {
  try {
    db.exec("BEGIN EXCLUSIVE");
    return () => db.close();
  } catch (error) {
    db.close();
    throw error;
  }
}

const held = (file: string, cause: unknown): LedgerError =>
  new LedgerError(
    "ledger.unusable",
    `${file}: another keyserver has it open; stop that one first`,
    {
      cause,
    },
  );
