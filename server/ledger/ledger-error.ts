/**
 * What only the keyserver itself and its operator see. `ledger.conflict`: a write contradicts what is
 * recorded. `ledger.unusable`: the file cannot be opened as a ledger; the message says what to do.
 *
 * A ledger that cannot be written now is a `KeysystemError` with code `ledger.unavailable`.
 */
export type LedgerErrorCode = "ledger.conflict" | "ledger.unusable";

/** An error of the ledger with its code. */
export class LedgerError extends Error {
  override readonly name = "LedgerError";
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The result code of SQLite in an error (`SQLITE_FULL`, `SQLITE_IOERR_FSYNC`, …), or an empty string. */
export function sqliteCodeOf(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" && error.code.startsWith("SQLITE_") ? error.code : "";
}
