import { hash } from "node:crypto";
import Database from "better-sqlite3";
import { walkLog } from "../log/verify.ts";
import { FAULTS } from "./fault-queries.ts";

/** Faults of one kind that are named; the rest is counted. */
const MAX_NAMED = 20;

/**
 * Every invariant of a ledger file, looked at in one snapshot; a keyserver may have it open meanwhile.
 *
 * @returns one line for each fault; empty when all is well. A file that cannot be read is a fault too.
 */
export function checkLedger(file: string): readonly string[] {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true });
    try {
      return db.transaction(() => findFaults(db))();
    } finally {
      db.close();
    }
  } catch (error) {
    return [`${file}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function findFaults(db: Database.Database): readonly string[] {
  const damage = db.prepare<[], string>("PRAGMA integrity_check").pluck().all();
  if (damage[0] !== "ok") return damage.map((line) => `file: ${line}`);
  const verdict = walkLog(db);
  return [
    ...(verdict.ok ? [] : [`log entry ${verdict.index}: ${verdict.why}`]),
    ...FAULTS.flatMap(({ what, query }) =>
      list(db.prepare<[], string>(query).pluck().iterate(), what),
    ),
    ...list(findForged(db), "has a log entry with another hash of its certificate"),
  ];
}

function list(places: Iterable<string>, what: string): readonly string[] {
  const lines: string[] = [];
  let unnamed = 0;
  for (const place of places) {
    if (lines.length < MAX_NAMED) lines.push(`${place} ${what}`);
    else unnamed++;
  }
  return unnamed === 0 ? lines : [...lines, `and ${unnamed} more: ${what}`];
}

type Logged = {
  readonly seq: number;
  readonly certificate: Buffer;
  readonly logged: string | null;
};

/** Certificates whose bytes are not those that the log vouches for. */
function* findForged(db: Database.Database): Iterable<string> {
  const rows = db.prepare<[], Logged>(
    `SELECT intent AS seq, certificate, body ->> '$.certificate' AS logged
     FROM certificates JOIN log ON log.seq = entry`,
  );
  for (const { seq, certificate, logged } of rows.iterate()) {
    if (hash("sha256", certificate, "hex") !== logged) yield `certificate ${seq}`;
  }
}
