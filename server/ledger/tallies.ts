import type { Database } from "better-sqlite3";
import { KIND, type Names } from "./names.ts";

const HOUR = 3600;

/** Certificates by authority and hour, so that nobody has to count rows. */
export type Tallies = {
  /** Adds certificates of one authority, in the caller's transaction. */
  readonly add: (authority: string, at: number, issued: number) => void;
  /** What was issued since the begin of the hour of `since`. */
  readonly since: (since: number) => readonly Tally[];
};
/** A count of certificates. */
export type Tally = { readonly authority: string; readonly issued: number };

/** Creates the table's operations on a ledger's database. */
export function createTallies(db: Database, names: Names): Tallies {
  const add = db.prepare<[number, number, number]>(
    `INSERT INTO tallies VALUES (?, ?, ?)
     ON CONFLICT (hour, authority) DO UPDATE SET issued = issued + excluded.issued`,
  );
  const sum = db.prepare<[number], Tally>(
    `SELECT name AS authority, sum(issued) AS issued FROM tallies JOIN names ON names.id = authority
     WHERE hour >= ? GROUP BY name ORDER BY name`,
  );
  return {
    add: (authority, at, issued) => {
      add.run(Math.floor(at / HOUR), names.idOf(KIND.authority, authority), issued);
    },
    since: (since) => sum.all(Math.floor(since / HOUR)),
  };
}
