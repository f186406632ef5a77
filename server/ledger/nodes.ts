import type { Database } from "better-sqlite3";
import type { LogWriter } from "../log/chain.ts";
import { formatEntry } from "../log/entry.ts";
import { LedgerError } from "./ledger-error.ts";
import type { NodeState, Recovery } from "./ledger.ts";
import { KIND } from "./names.ts";

/** The nodes table. All but `find`, `list` and `standing` write in the caller's transaction. */
export type Nodes = {
  readonly find: (name: string) => NodeState | undefined;
  readonly list: () => readonly NodeState[];
  /** A new or removed node becomes active; a suspended one stays suspended. Older identities are superseded. */
  readonly join: (name: string, intent: number, at: number) => void;
  /** @throws LedgerError `ledger.conflict` when the node never joined. */
  readonly setState: (name: string, state: NodeState["state"], by: string, at: number) => void;
  /** Where an identity certificate stands among those of its node. */
  readonly standing: (name: string, serial: Buffer) => Standing;
  /** Moves the newest used identity forward, never back; gives the standing that comes of it. */
  readonly confirm: (name: string, serial: Buffer, at: number) => Exclude<Standing, "newer">;
  /** Whether a node may come back with an identity that has ended; the first time it is noted and logged. */
  readonly recover: (recovery: Recovery) => boolean;
};

/** `newer`: than any that was used; `newest`: the one used last; `superseded`: a newer one has been used. */
export type Standing = "newer" | "newest" | "superseded" | "unknown";

/** Subqueries in place of joins: for one row SQLite needs a fifth of the time. */
const COLUMNS = `
  SELECT name AS node, state, joined_at AS joinedAt, confirmed_at AS confirmedAt,
    (SELECT hex(serial) FROM intents WHERE seq = confirmed) AS confirmed
  FROM nodes`;
/** An identity certificate of a node, and the one that the node has used last: 0 for none, null without the node. */
const IDENTITY = `
  SELECT seq, (SELECT coalesce(confirmed, 0) FROM nodes WHERE name = :node) AS confirmed FROM intents
  WHERE authority IN (SELECT id FROM names WHERE kind = ${KIND.authority}) AND serial = :serial
    AND EXISTS (SELECT 1 FROM certificates WHERE intent = seq AND identity_of = :node)`;

/** Identities with which a node came back since it joined: all of them, and whether this is one. */
const RECOVERED = `
  SELECT count(*) AS times, coalesce(max(serial = :serial), 0) AS again FROM recoveries WHERE node = :node`;

/** Creates the table's operations on a ledger's database. */
export function createNodes(db: Database, log: LogWriter): Nodes {
  const find = db.prepare<[string], Row>(`${COLUMNS} WHERE name = ?`);
  const list = db.prepare<[], Row>(`${COLUMNS} ORDER BY name`);
  const join = db.prepare<[string, number, number, number]>(
    `INSERT INTO nodes VALUES (?, 'active', ?, ?, ?) ON CONFLICT (name) DO UPDATE SET
     state = iif(state = 'suspended', 'suspended', 'active'), joined_at = excluded.joined_at,
     confirmed = excluded.confirmed, confirmed_at = excluded.confirmed_at`,
  );
  const setState = db.prepare<[string, string]>("UPDATE nodes SET state = ? WHERE name = ?");
  const identity = db.prepare<[{ readonly node: string; readonly serial: Buffer }], Identity>(
    IDENTITY,
  );
  const confirm = db.prepare<[number, number, string]>(
    "UPDATE nodes SET confirmed = ?, confirmed_at = ? WHERE name = ?",
  );
  const recovered = db.prepare<
    [{ readonly node: string; readonly serial: Buffer }],
    { readonly times: number; readonly again: number }
  >(RECOVERED);
  const addRecovery = db.prepare<[string, Buffer, number]>(
    "INSERT INTO recoveries VALUES (?, ?, ?)",
  );
  const forgetRecoveries = db.prepare<[string]>("DELETE FROM recoveries WHERE node = ?");
  return {
    find: (name) => {
      const row = find.get(name);
      return row === undefined ? undefined : toNode(row);
    },
    list: () => list.all().map(toNode),
    join: (name, intent, at) => {
      join.run(name, at, intent, at);
      forgetRecoveries.run(name);
    },
    setState: (name, state, by, at) => {
      if (setState.run(state, name).changes === 0) {
        throw new LedgerError("ledger.conflict", `node ${name} has never joined`);
      }
      log.append(formatEntry({ at, event: `node.${state}`, by, node: name }));
    },
    standing: (name, serial) => standingOf(identity.get({ node: name, serial })),
    confirm: (name, serial, at) => {
      const found = identity.get({ node: name, serial });
      const standing = standingOf(found);
      if (found === undefined) return "unknown";
      if (standing !== "newer") return standing;
      confirm.run(found.seq, at, name);
      return "newest";
    },
    recover: ({ node, serial, at, from, times }) => {
      const bytes = Buffer.from(serial, "hex");
      const before = recovered.get({ node, serial: bytes }) ?? { times: 0, again: 0 };
      if (before.again === 1) return true;
      if (before.times >= times) return false;
      addRecovery.run(node, bytes, at);
      log.append(formatEntry({ at, event: "identity.recovered", node, serial, from }));
      return true;
    },
  };
}

type Identity = { readonly seq: number; readonly confirmed: number | null };

function standingOf(identity: Identity | undefined): Standing {
  if (identity === undefined || identity.confirmed === null) return "unknown";
  if (identity.seq > identity.confirmed) return "newer";
  return identity.seq === identity.confirmed ? "newest" : "superseded";
}

type Row = Pick<NodeState, "node" | "state" | "joinedAt"> & {
  readonly confirmed: string | null;
  readonly confirmedAt: number | null;
};

function toNode({ confirmed, confirmedAt, ...rest }: Row): NodeState {
  if (confirmed === null || confirmedAt === null) return rest;
  return { ...rest, confirmed: confirmed.toLowerCase(), confirmedAt };
}
