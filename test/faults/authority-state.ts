import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { expect } from "vitest";
import { checkLedger } from "../../server/ledger/check.ts";
import { FOUND_AT_START } from "../../server/ledger/abandonment.ts";
import type { Cluster } from "../harness/cluster.ts";

type Root = Pick<Cluster, "root">;

/** The ledger's file. */
export const ledgerFile = ({ root }: Root): string => join(root, "var/lib/keysystem/ledger.db");

/** What the ledger says of each serial: `issued`, why it was abandoned, or `open`. */
export const readLedger = (cluster: Root): ReadonlyMap<string, string> =>
  reading(cluster, (db) => new Map(db.prepare<[], [string, string]>(STANDINGS).raw().all()));

/** The policy, by its hash, that each serial's intent names. */
export const readPolicies = (cluster: Root): ReadonlyMap<string, string> =>
  reading(cluster, (db) => new Map(db.prepare<[], [string, string]>(POLICIES).raw().all()));

/** How many entries of the log tell of this event. */
export const countEvents = (cluster: Root, event: string): number =>
  reading(cluster, (db) => db.prepare<[string], number>(EVENTS).pluck().get(event) ?? 0);

function reading<T>(cluster: Root, read: (db: Database.Database) => T): T {
  const db = new Database(ledgerFile(cluster), { readonly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

const EVENTS = "SELECT count(*) FROM log WHERE body ->> '$.event' = ?";

const POLICIES = "SELECT lower(hex(serial)), name FROM intents JOIN names ON names.id = policy";

const STANDINGS = `
  SELECT lower(hex(serial)), CASE WHEN certificates.intent IS NULL THEN coalesce(why, 'open') ELSE 'issued' END
  FROM intents LEFT JOIN certificates ON certificates.intent = seq
  LEFT JOIN abandoned ON abandoned.intent = seq`;

const Signed = Type.Object({ serial: Type.String(), authority: Type.String() });

/** Serials in the signer's own record, in the order of their signatures. */
export function readSignRecord({ root }: Root): readonly string[] {
  const text = readFileSync(join(root, "var/lib/keysigner/signed.log"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => Value.Parse(Signed, JSON.parse(line)).serial);
}

/**
 * What holds whatever happened: the ledger is sound, what was acknowledged is in it, and every signature
 * that was ever made has a row, issued or abandoned with a reason.
 *
 * A keyserver that was started after the fault has closed what it found open.
 */
export function expectSound(cluster: Root, acknowledged: Iterable<string>): void {
  expect(checkLedger(ledgerFile(cluster))).toEqual([]);
  const ledger = readLedger(cluster);
  for (const serial of acknowledged)
    expect([serial, ledger.get(serial)]).toEqual([serial, "issued"]);
  const explained = new Set(["issued", FOUND_AT_START]);
  const odd = readSignRecord(cluster)
    .map((serial) => [serial, ledger.get(serial) ?? "no row"] as const)
    .filter(([, standing]) => !explained.has(standing) && !isSignerTrouble(standing));
  expect(odd).toEqual([]);
}

/** The reason of an intent whose signer went away: what it had signed never came back. */
const isSignerTrouble = (why: string): boolean => why.startsWith("signer.unavailable: ");

/** Signatures of which the ledger knows, and which nobody ever got. */
export function leftovers(cluster: Root): readonly string[] {
  const ledger = readLedger(cluster);
  return readSignRecord(cluster).filter((serial) => ledger.get(serial) !== "issued");
}
