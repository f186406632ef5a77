import type { Database } from "better-sqlite3";
import { LOG_TABLE } from "../log/log-table.ts";
import { LedgerError } from "./ledger-error.ts";

/**
 * Intents, certificates and the log only ever grow at their ends: a record of an intent is a row of its
 * own and never an update, so pages fill up once and a full ledger is as fast as an empty one.
 *
 * `names` holds every text that repeats (authorities, grants, subjects, policy hashes) once.
 * Serials, keys and hashes are bytes. Times are seconds.
 */
const FIRST = `
  CREATE TABLE schema (version INTEGER NOT NULL, settled INTEGER NOT NULL, probed INTEGER NOT NULL) STRICT;
  INSERT INTO schema VALUES (0, 0, 0);

  CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (kind, name)
  ) STRICT;

  CREATE TABLE intents (
    seq INTEGER PRIMARY KEY,
    authority INTEGER NOT NULL REFERENCES names,
    serial BLOB NOT NULL CHECK (length(serial) IN (8, 20)),
    grant_id INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    key BLOB NOT NULL,
    at INTEGER NOT NULL,
    source TEXT,
    reason TEXT,
    UNIQUE (authority, serial)
  ) STRICT;

  CREATE TABLE certificates (
    intent INTEGER PRIMARY KEY REFERENCES intents,
    entry INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    identity_of TEXT,
    certificate BLOB NOT NULL
  ) STRICT;
  CREATE INDEX certificates_by_end ON certificates (not_after);

  CREATE TABLE abandoned (
    intent INTEGER PRIMARY KEY REFERENCES intents,
    entry INTEGER NOT NULL,
    why TEXT NOT NULL
  ) STRICT;

  CREATE TABLE tallies (
    hour INTEGER NOT NULL,
    authority INTEGER NOT NULL REFERENCES names,
    issued INTEGER NOT NULL,
    PRIMARY KEY (hour, authority)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    node TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'bound', 'spent', 'revoked')),
    bound_to TEXT CHECK ((state IN ('bound', 'spent')) <= (bound_to IS NOT NULL)),
    spent_for INTEGER REFERENCES certificates CHECK ((state = 'spent') = (spent_for IS NOT NULL))
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE nodes (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'removed')),
    joined_at INTEGER NOT NULL,
    confirmed INTEGER REFERENCES certificates,
    confirmed_at INTEGER
  ) STRICT, WITHOUT ROWID;

  ${["intents", "certificates", "abandoned"].map(keepRows).join("\n")}
  ${LOG_TABLE}
`;

/** Identities whose end was passed over since their nodes joined: each came back by itself and got a new one. */
const RECOVERIES = `
  CREATE TABLE recoveries (
    node TEXT NOT NULL REFERENCES nodes,
    serial BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (node, serial)
  ) STRICT, WITHOUT ROWID;
`;

function keepRows(table: string): string {
  const keep = `BEGIN SELECT RAISE(ABORT, 'rows of ${table} are never changed'); END;`;
  return `
    CREATE TRIGGER ${table}_keeps_rows BEFORE DELETE ON ${table} ${keep}
    CREATE TRIGGER ${table}_keeps_values BEFORE UPDATE ON ${table} ${keep}`;
}

/** Step n takes a ledger of version n to version n + 1. A step that was released is never edited. */
export const MIGRATIONS: readonly string[] = [FIRST, RECOVERIES];

/**
 * Brings a ledger to the version of this program, in one transaction.
 *
 * @throws LedgerError `ledger.unusable` for a newer ledger, or a database that is none.
 */
export function migrate(db: Database, steps: readonly string[] = MIGRATIONS): void {
  const version = versionOf(db);
  if (version > steps.length) {
    const detail = `version ${version}, and this keyserver knows versions up to ${steps.length}`;
    const help = "install the newer keyserver, or restore a backup of the older ledger";
    throw new LedgerError("ledger.unusable", `${db.name}: the ledger has ${detail}; ${help}`);
  }
  if (version < steps.length) db.transaction(() => runSteps(db, steps, version)).immediate();
}

function runSteps(db: Database, steps: readonly string[], from: number): void {
  for (const step of steps.slice(from)) db.exec(step);
  db.prepare("UPDATE schema SET version = ?").run(steps.length);
}

/** 0 for an empty database. */
function versionOf(db: Database): number {
  const table = "SELECT count(*) AS tables, sum(name = 'schema') AS ours FROM sqlite_schema";
  const found = db.prepare<[], { tables: number; ours: number | null }>(table).get();
  if (found === undefined || found.tables === 0) return 0;
  if (found.ours !== 1) {
    throw new LedgerError("ledger.unusable", `${db.name}: is a database, but no ledger`);
  }
  return db.prepare<[], { version: number }>("SELECT version FROM schema").get()?.version ?? 0;
}
