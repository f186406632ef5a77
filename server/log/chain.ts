import { hash } from "node:crypto";
import type { Database } from "better-sqlite3";
import type { Checkpoint } from "../ledger/ledger.ts";
import { GENESIS } from "./log-table.ts";

/** Appends entries inside the transaction that its caller has open. */
export type LogWriter = {
  /** Reads where the log stands. Call it when a transaction begins and after anything was rolled back. */
  readonly reload: () => void;
  /** Appends a canonical line (`formatEntry`) and gives its index, from 1. */
  readonly append: (body: string) => number;
  /** Where the log stands after what was appended. */
  readonly checkpoint: () => Checkpoint;
};

/** Creates the one writer of the log. */
export function createLogWriter(db: Database): LogWriter {
  const insert = db.prepare<[number, string, Buffer]>("INSERT INTO log VALUES (?, ?, ?)");
  const readHead = db.prepare<[], Head>("SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1");
  let head: Head = readHead.get() ?? NOTHING;
  return {
    reload: () => {
      head = readHead.get() ?? NOTHING;
    },
    append: (body) => {
      head = { seq: head.seq + 1, hash: chain(head.hash, body) };
      insert.run(head.seq, body, head.hash);
      return head.seq;
    },
    checkpoint: () => ({ size: head.seq, head: head.hash.toString("hex") }),
  };
}

/** The hash of an entry: SHA-256 over the previous hash and the entry's line in UTF-8. */
export const chain = (previous: Uint8Array, body: string): Buffer =>
  hash("sha256", Buffer.concat([previous, Buffer.from(body)]), "buffer");

type Head = { readonly seq: number; readonly hash: Buffer };
const NOTHING: Head = { seq: 0, hash: GENESIS };
