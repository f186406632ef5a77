import type { Database } from "better-sqlite3";
import { LedgerError, sqliteCodeOf } from "./ledger-error.ts";
import type { Intent } from "./ledger.ts";
import { KIND, type Names } from "./names.ts";
import { serialBytes } from "./serial.ts";

/** An intent of this process that has neither a certificate nor an end yet. */
export type OpenIntent = { readonly seq: number; readonly intent: Intent };

/**
 * The intents table, and those of its rows that are open. Only one process writes a ledger and
 * whatever an earlier one left open is abandoned at start, so the open ones are always in memory.
 */
export type Intents = {
  /** Inserts a row, in the caller's transaction. @throws LedgerError `ledger.conflict` */
  readonly insert: (intent: Intent) => OpenIntent;
  /** Call it after the commit, and when what an intent was taken for was not committed. */
  readonly keepOpen: (open: OpenIntent) => void;
  /**
   * Takes an open intent in order to settle it: nobody else can from now on.
   *
   * @throws LedgerError `ledger.conflict` when there is no such open intent.
   */
  readonly take: (authority: string, serial: string) => OpenIntent;
};

/** Creates the table's operations on a ledger's database. */
export function createIntents(db: Database, names: Names): Intents {
  const insert = db.prepare<Row>(
    `INSERT INTO intents (authority, serial, grant_id, subject, policy, key, at, source, reason)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const open = new Map<string, OpenIntent>();
  return {
    insert: (intent) => {
      try {
        const { lastInsertRowid } = insert.run(...toRow(names, intent));
        return { seq: Number(lastInsertRowid), intent };
      } catch (error) {
        throw sqliteCodeOf(error) === "SQLITE_CONSTRAINT_UNIQUE" ? taken(intent, error) : error;
      }
    },
    keepOpen: (entry) => {
      open.set(nameOf(entry.intent), entry);
    },
    take: (authority, serial) => {
      const name = nameOf({ authority, serial });
      const found = open.get(name);
      if (found !== undefined && open.delete(name)) return found;
      const detail = `authority ${authority} has no open intent with serial ${serial}`;
      throw new LedgerError("ledger.conflict", detail);
    },
  };
}

const nameOf = ({ authority, serial }: Pick<Intent, "authority" | "serial">): string =>
  `${serial} ${authority}`;

type Row = [
  authority: number,
  serial: Buffer,
  grant: number,
  subject: number,
  policy: number,
  key: Buffer,
  at: number,
  source: string | null,
  reason: string | null,
];

const toRow = (names: Names, intent: Intent): Row => [
  names.idOf(KIND.authority, intent.authority),
  serialBytes(intent.serial),
  names.idOf(KIND.grant, intent.grant),
  names.idOf(KIND.subject, intent.subject),
  names.idOf(KIND.policy, intent.policy),
  Buffer.from(intent.key, "hex"),
  intent.at,
  intent.from ?? null,
  intent.reason ?? null,
];

const taken = ({ authority, serial }: Intent, cause: unknown): LedgerError =>
  new LedgerError("ledger.conflict", `authority ${authority} has used serial ${serial}`, { cause });
