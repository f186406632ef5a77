import { KeysystemError } from "../../protocol/problems.ts";
import { sqliteCodeOf } from "./ledger-error.ts";

/** What each refusal of the file system or of SQLite means for the one who must mend it. */
const REASONS: readonly (readonly [prefix: string, reason: string])[] = [
  ["SQLITE_FULL", "the disk is full"],
  ["SQLITE_READONLY", "its file system or file is read-only"],
  ["SQLITE_BUSY", "another program holds it locked"],
  ["SQLITE_CORRUPT", "its file is damaged; stop the keyserver and restore a backup"],
  ["SQLITE_NOTADB", "its file is damaged; stop the keyserver and restore a backup"],
  ["SQLITE_IOERR", "its disk reports errors"],
  ["SQLITE_CANTOPEN", "its files cannot be opened"],
  ["SQLITE_NOMEM", "there is not enough memory"],
];

/** Whether SQLite failed for want of something outside, and not because of what was written. */
export const isUnavailable = (error: unknown): boolean => reasonOf(error) !== undefined;

/** The error that a caller gets when its write was not committed, for a reason outside of it. */
export function unavailable(cause: unknown): KeysystemError {
  const reason = reasonOf(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  return new KeysystemError("ledger.unavailable", `the ledger cannot be written: ${reason}`, {
    cause,
  });
}

function reasonOf(error: unknown): string | undefined {
  const code = sqliteCodeOf(error);
  return REASONS.find(([prefix]) => code.startsWith(prefix))?.[1];
}
