import type { Database } from "better-sqlite3";
import type { LogWriter } from "../log/chain.ts";
import { formatEntry } from "../log/entry.ts";
import type { OpenIntent } from "./intents.ts";
import { KIND } from "./names.ts";

/** Writes that intents came to nothing, each with its log entry, in the caller's transaction. */
export type AbandonmentWriter = {
  readonly insert: (open: Pick<OpenIntent, "seq"> & Abandoned, why: string, at: number) => void;
};

type Abandoned = {
  readonly intent: {
    readonly authority: string;
    readonly serial: string;
    readonly subject: string;
  };
};

/** Creates the writer on a ledger's database. */
export function createAbandonmentWriter(db: Database, log: LogWriter): AbandonmentWriter {
  const insert = db.prepare<[number, number, string]>("INSERT INTO abandoned VALUES (?, ?, ?)");
  return {
    insert: ({ seq, intent }, why, at) => {
      const { authority, serial, subject } = intent;
      const entry = { at, event: "certificate.abandoned", authority, serial, subject, why };
      insert.run(seq, log.append(formatEntry(entry)), why);
    },
  };
}

/** Why an intent that is found at start came to nothing. */
export const FOUND_AT_START = "found at start: the process ended between intent and record";

/**
 * Marks what an earlier process left open. `settled` remembers up to where everything was settled at
 * the last start, so that a start looks only at what came after.
 */
export function abandonLeftovers(db: Database, writer: AbandonmentWriter, at: number): void {
  for (const { seq, authority, serial, subject } of db.prepare<[], Leftover>(LEFTOVERS).all()) {
    const intent = { authority, serial: serial.toString("hex"), subject };
    writer.insert({ seq, intent }, FOUND_AT_START, at);
  }
  db.exec("UPDATE schema SET settled = (SELECT coalesce(max(seq), 0) FROM intents)");
}

type Leftover = {
  readonly seq: number;
  readonly authority: string;
  readonly serial: Buffer;
  readonly subject: string;
};
const LEFTOVERS = `
  SELECT seq, serial, authorities.name AS authority, subjects.name AS subject
  FROM intents
  JOIN names AS authorities ON authorities.id = authority AND authorities.kind = ${KIND.authority}
  JOIN names AS subjects ON subjects.id = subject AND subjects.kind = ${KIND.subject}
  WHERE seq > (SELECT settled FROM schema)
    AND NOT EXISTS (SELECT 1 FROM certificates WHERE intent = seq)
    AND NOT EXISTS (SELECT 1 FROM abandoned WHERE intent = seq)
  ORDER BY seq`;
