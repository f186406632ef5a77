import Database from "better-sqlite3";
import type { Checkpoint } from "../ledger/ledger.ts";
import { chain } from "./chain.ts";
import { GENESIS } from "./log-table.ts";

/** Where the log stands, or the first index (from 1) at which it is not what was written. */
export type LogVerdict =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly index: number; readonly why: string };

/**
 * Walks the log of a ledger file, which a keyserver may have open.
 *
 * A log that was cut short, or replaced by an older copy of itself, is whole in itself: only
 * `known`, a checkpoint kept elsewhere, betrays it.
 */
export function verifyLog(file: string, known?: Checkpoint): LogVerdict {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return walkLog(db, known);
  } finally {
    db.close();
  }
}

/** {@link verifyLog} on a database that is open. */
export function walkLog(db: Database.Database, known?: Checkpoint): LogVerdict {
  const rows = db.prepare<[], Row>("SELECT seq, body, hash FROM log ORDER BY seq").iterate();
  let size = 0;
  let head: Buffer = GENESIS;
  for (const row of rows) {
    const why = faultOf(row, size, head) ?? contradiction(row, known);
    if (why !== undefined) return { ok: false, index: size + 1, why };
    size = row.seq;
    head = row.hash;
  }
  if (known !== undefined && known.size > size) return cutShort(size, known);
  return { ok: true, checkpoint: { size, head: head.toString("hex") } };
}

type Row = { readonly seq: number; readonly body: string; readonly hash: Buffer };

function faultOf(row: Row, size: number, head: Buffer): string | undefined {
  if (row.seq !== size + 1) return `entry ${size + 1} is missing`;
  if (!chain(head, row.body).equals(row.hash)) return "its hash does not follow from what it says";
  return undefined;
}

function contradiction(row: Row, known: Checkpoint | undefined): string | undefined {
  if (known?.size !== row.seq || known.head === row.hash.toString("hex")) return undefined;
  return "it differs from the known checkpoint";
}

const cutShort = (size: number, known: Checkpoint): LogVerdict => ({
  ok: false,
  index: size + 1,
  why: `the log ends here, but a checkpoint of ${known.size} entries is known`,
});
