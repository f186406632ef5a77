import { setImmediate } from "node:timers/promises";
import type { Database } from "better-sqlite3";
import type { CertificateFilter, StoredCertificate } from "./ledger.ts";
import { KIND, type Names } from "./names.ts";

/** Reads intents together with what became of them. */
export type Inventory = {
  readonly find: (serial: Buffer) => StoredCertificate | undefined;
  /** Newest first. Looks at a stretch of rows at a time and lets other work in between. */
  readonly list: (filter: CertificateFilter) => Promise<readonly StoredCertificate[]>;
  /** How many end from `at` to before `until`; reads the index alone. */
  readonly countEnding: (at: number, until: number) => number;
};

/** Intents looked at in one go: some milliseconds. */
const STRETCH = 2000;

/** Subqueries in place of joins: for one row SQLite needs a fifth of the time. */
const COLUMNS = `
  SELECT seq, hex(serial) AS serial, hex(key) AS key, at, source, reason,
    (SELECT name FROM names WHERE id = authority) AS authority,
    (SELECT name FROM names WHERE id = grant_id) AS "grant",
    (SELECT name FROM names WHERE id = subject) AS subject,
    (SELECT name FROM names WHERE id = policy) AS policy,
    (SELECT why FROM abandoned WHERE intent = seq) AS why,
    (SELECT not_before FROM certificates WHERE intent = seq) AS notBefore,
    (SELECT not_after FROM certificates WHERE intent = seq) AS notAfter,
    (SELECT certificate FROM certificates WHERE intent = seq) AS certificate
  FROM intents`;

const ONE = `${COLUMNS}
  WHERE authority IN (SELECT id FROM names WHERE kind = ${KIND.authority}) AND serial = ?`;

const MANY = `${COLUMNS}
  WHERE seq <= :from AND seq > :to
    AND (:subject IS NULL OR subject = :subject) AND (:grant IS NULL OR grant_id = :grant)
    AND (:before IS NULL
      OR (SELECT not_after FROM certificates WHERE intent = seq) BETWEEN :at AND :before - 1)
  ORDER BY seq DESC LIMIT :limit`;

type Search = {
  readonly from: number;
  readonly to: number;
  readonly subject: number | null;
  readonly grant: number | null;
  readonly before: number | null;
  readonly at: number;
  readonly limit: number;
};

/** Creates the readings on a ledger's database. */
export function createInventory(db: Database, names: Names): Inventory {
  const one = db.prepare<[Buffer], Row>(ONE);
  const many = db.prepare<[Search], Row>(MANY);
  const newest = db.prepare<[], number>("SELECT coalesce(max(seq), 0) FROM intents").pluck();
  const oldestAlive = db
    .prepare<[number], number>(
      "SELECT min(intent) FROM certificates INDEXED BY certificates_by_end WHERE not_after >= ?",
    )
    .pluck();
  const ending = db
    .prepare<[number, number], number>(
      "SELECT count(*) FROM certificates INDEXED BY certificates_by_end WHERE not_after >= ? AND not_after < ?",
    )
    .pluck();
  return {
    countEnding: (at, until) => ending.get(at, until) ?? 0,
    find: (serial) => {
      const row = one.get(serial);
      return row === undefined ? undefined : toStored(row);
    },
    list: async (filter) => {
      const subject = idIn(names, KIND.subject, filter.subject);
      const grant = idIn(names, KIND.grant, filter.grant);
      if (subject === undefined || grant === undefined) return [];
      const before = filter.expiringBefore ?? null;
      const end = before === null ? 1 : (oldestAlive.get(filter.at) ?? Infinity);
      const found: StoredCertificate[] = [];
      for (
        let from = newest.get() ?? 0;
        from >= end && found.length < filter.limit;
        from -= STRETCH
      ) {
        const limit = filter.limit - found.length;
        const search = { from, to: from - STRETCH, subject, grant, before, at: filter.at, limit };
        found.push(...many.all(search).map(toStored));
        await setImmediate();
      }
      return found;
    },
  };
}

/** Null for no restriction; undefined for a name that no row can have. */
const idIn = (
  names: Names,
  kind: typeof KIND.subject | typeof KIND.grant,
  name: string | undefined,
): number | null | undefined => (name === undefined ? null : names.find(kind, name));

type Row = {
  readonly authority: string;
  readonly serial: string;
  readonly grant: string;
  readonly subject: string;
  readonly policy: string;
  readonly key: string;
  readonly at: number;
  readonly source: string | null;
  readonly reason: string | null;
  readonly why: string | null;
  readonly notBefore: number | null;
  readonly notAfter: number | null;
  readonly certificate: Buffer | null;
};

function toStored(row: Row): StoredCertificate {
  const { authority, grant, subject, policy, at } = row;
  const key = row.key.toLowerCase();
  const serial = row.serial.toLowerCase();
  return {
    authority,
    serial,
    grant,
    subject,
    key,
    policy,
    at,
    ...(row.source === null ? {} : { from: row.source }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...outcomeOf(row),
  };
}

type Outcome = Pick<StoredCertificate, "state" | "why" | "notBefore" | "notAfter" | "certificate">;

function outcomeOf({ why, notBefore, notAfter, certificate }: Row): Outcome {
  if (why !== null) return { state: "abandoned", why };
  if (notBefore === null || notAfter === null || certificate === null) return { state: "intended" };
  return { state: "issued", notBefore, notAfter, certificate };
}
