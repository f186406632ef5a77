import type { Database } from "better-sqlite3";
import type { LogWriter } from "../log/chain.ts";
import { formatEntry } from "../log/entry.ts";
import { LedgerError, sqliteCodeOf } from "./ledger-error.ts";
import type { Token } from "./ledger.ts";

/** The tokens table. All but `find` and `list` write in the caller's transaction. */
export type Tokens = {
  readonly find: (secretHash: string) => Token | undefined;
  readonly list: () => readonly Token[];
  readonly add: (token: NewToken, by: string, asked?: Asked) => void;
  /** False when there is no such token, or none that could still be used. */
  readonly revoke: (id: string, by: string, at: number) => boolean;
  /** True when the token is this key's from now on; the first key to come gets it. */
  readonly bind: (id: string, key: string, at: number) => boolean;
  /** @throws LedgerError `ledger.conflict` when the token is not bound (any more). */
  readonly spend: (id: string, intent: number) => void;
};
/** From where a token was asked for, and why. */
type Asked = { readonly from?: string; readonly reason?: string };
/** A token as it is given out: nobody has presented it yet. */
export type NewToken = Omit<Token, "state" | "boundTo" | "serial">;

/** Creates the table's operations on a ledger's database. */
export function createTokens(db: Database, log: LogWriter): Tokens {
  const { find, list, insert, revoke, bind, spend } = prepareStatements(db);
  return {
    find: (secretHash) => {
      const row = find.get(Buffer.from(secretHash, "hex"));
      return row === undefined ? undefined : toToken(row);
    },
    list: () => list.all().map(toToken),
    add: (token, by, asked) => {
      insertToken(insert, token);
      const { id, node, createdAt: at, expiresAt } = token;
      log.append(
        formatEntry({ at, event: "token.added", by, expiresAt, node, token: id, ...asked }),
      );
    },
    revoke: (id, by, at) => {
      if (revoke.run(id).changes === 0) return false;
      log.append(formatEntry({ at, event: "token.revoked", by, token: id }));
      return true;
    },
    bind: (id, key, at) => bind.run(key, id, at, key).changes === 1,
    spend: (id, intent) => {
      if (spend.run(intent, id).changes === 1) return;
      throw new LedgerError("ledger.conflict", `token ${id} is not bound, or spent already`);
    },
  };
}

const COLUMNS = `
  SELECT id, hex(secret_hash) AS secretHash, node, created_at AS createdAt, expires_at AS expiresAt,
    created_by AS createdBy, state, bound_to AS boundTo, hex(serial) AS serial
  FROM tokens LEFT JOIN intents ON seq = spent_for`;

function prepareStatements(db: Database) {
  return {
    find: db.prepare<[Buffer], Row>(`${COLUMNS} WHERE secret_hash = ?`),
    list: db.prepare<[], Row>(`${COLUMNS} ORDER BY created_at, id`),
    insert: db.prepare<[string, Buffer, string, number, number, string]>(
      `INSERT INTO tokens (id, secret_hash, node, created_at, expires_at, created_by, state)
       VALUES (?, ?, ?, ?, ?, ?, 'open')`,
    ),
    revoke: db.prepare<[string]>(
      "UPDATE tokens SET state = 'revoked' WHERE id = ? AND state IN ('open', 'bound')",
    ),
    bind: db.prepare<[string, string, number, string]>(
      `UPDATE tokens SET state = 'bound', bound_to = ? WHERE id = ? AND expires_at > ?
       AND (state = 'open' OR (state = 'bound' AND bound_to = ?))`,
    ),
    spend: db.prepare<[number, string]>(
      "UPDATE tokens SET state = 'spent', spent_for = ? WHERE id = ? AND state = 'bound'",
    ),
  };
}

type Insert = ReturnType<typeof prepareStatements>["insert"];

function insertToken(insert: Insert, token: NewToken): void {
  const { id, secretHash, node, createdAt, expiresAt, createdBy } = token;
  try {
    insert.run(id, Buffer.from(secretHash, "hex"), node, createdAt, expiresAt, createdBy);
  } catch (error) {
    if (!sqliteCodeOf(error).startsWith("SQLITE_CONSTRAINT")) throw error;
    throw new LedgerError("ledger.conflict", `token ${id} or its secret is there already`, {
      cause: error,
    });
  }
}

type Row = Pick<Token, "id" | "node" | "createdAt" | "expiresAt" | "createdBy" | "state"> & {
  readonly secretHash: string;
  readonly boundTo: string | null;
  /** Empty when the token is not spent. */
  readonly serial: string;
};

function toToken({ secretHash, boundTo, serial, ...rest }: Row): Token {
  return {
    ...rest,
    secretHash: secretHash.toLowerCase(),
    ...(boundTo === null ? {} : { boundTo }),
    ...(serial === "" ? {} : { serial: serial.toLowerCase() }),
  };
}
