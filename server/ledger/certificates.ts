import { hash } from "node:crypto";
import type { Database } from "better-sqlite3";
import type { LogWriter } from "../log/chain.ts";
import { quote } from "../log/entry.ts";
import type { OpenIntent } from "./intents.ts";
import type { IssuedRecord } from "./ledger.ts";

/** Writes certificates, each with its log entry, in the caller's transaction. */
export type CertificateWriter = {
  readonly insert: (open: OpenIntent, record: IssuedRecord) => void;
};

/** Creates the writer on a ledger's database. */
export function createCertificateWriter(db: Database, log: LogWriter): CertificateWriter {
  const insert = db.prepare<[number, number, number, number, string | null, Uint8Array]>(
    "INSERT INTO certificates VALUES (?, ?, ?, ?, ?, ?)",
  );
  return {
    insert: (open, record) => {
      const { notBefore, notAfter, certificate, identityOf } = record;
      const entry = log.append(formatIssued(open, record));
      insert.run(open.seq, entry, notBefore, notAfter, identityOf ?? null, certificate);
    },
  };
}

/**
 * The log's line for a certificate, as `formatEntry` would write it with these fields in this order.
 * One is written for every certificate, so it is put together by hand.
 */
function formatIssued({ intent }: OpenIntent, record: IssuedRecord): string {
  const join = record.join;
  return (
    `{"at":${record.at},"event":"certificate.issued","authority":${quote(intent.authority)}` +
    `,"certificate":"${hash("sha256", record.certificate, "hex")}"` +
    (intent.from === undefined ? "" : `,"from":${quote(intent.from)}`) +
    `,"grant":${quote(intent.grant)}` +
    (join === undefined ? "" : `,"node":${quote(join.node)}`) +
    `,"policy":${quote(intent.policy)}` +
    (intent.reason === undefined ? "" : `,"reason":${quote(intent.reason)}`) +
    `,"serial":"${intent.serial}","subject":${quote(intent.subject)}` +
    (join === undefined ? "" : `,"token":${quote(join.tokenId)}`) +
    "}"
  );
}
