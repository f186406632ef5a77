import type { Database } from "better-sqlite3";
import { createLogWriter } from "../log/chain.ts";
import { formatEntry } from "../log/entry.ts";
import { abandonLeftovers, createAbandonmentWriter } from "./abandonment.ts";
import { createCertificateWriter } from "./certificates.ts";
import { createGroupCommit, type GroupCommit } from "./group-commit.ts";
import { createGroupTransaction } from "./group-transaction.ts";
import { createIntents } from "./intents.ts";
import { createInventory, type Inventory } from "./inventory.ts";
import { createIssuance } from "./issuance.ts";
import { checkLedgerFile, createLedger, openDatabase } from "./ledger-file.ts";
import { holdLedger } from "./ledger-lock.ts";
import type { Ledger } from "./ledger.ts";
import { createNames } from "./names.ts";
import { createNodes, type Nodes } from "./nodes.ts";
import { createProbe } from "./probe.ts";
import { isSerial, serialBytes } from "./serial.ts";
import { createTallies, type Tallies } from "./tallies.ts";
import { createTokens, type Tokens } from "./tokens.ts";

export type OpenOptions = {
  readonly file: string;
  /** Creates the file first; for tests and benches. `keyserver init` calls `createLedger` itself. */
  readonly create?: boolean;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Told once, when a sync has failed and nothing can be written until the ledger is opened again. */
  readonly broken?: (cause: unknown) => void;
};

/**
 * Opens the ledger in an SQLite file, for this process alone, and abandons what an earlier one left open.
 *
 * @throws LedgerError `ledger.unusable`
 */
export function openLedger({ file, create = false, ...deps }: OpenOptions): Ledger {
  if (create) createLedger(file);
  checkLedgerFile(file);
  const release = holdLedger(file);
  try {
    return assemble(openDatabase(file), release, deps);
  } catch (error) {
    release();
    throw error;
  }
}

function assemble(
  db: Database,
  release: () => void,
  { now, broken }: Pick<OpenOptions, "now" | "broken">,
): Ledger {
  const log = createLogWriter(db);
  const names = createNames(db);
  const transaction = createGroupTransaction({
    db,
    begun: log.reload,
    undone: () => {
      log.reload();
      names.forget();
    },
  });
  const group = createGroupCommit({
    transaction,
    clock: () => performance.now(),
    ...(broken === undefined ? {} : { broken }),
  });
  const abandonments = createAbandonmentWriter(db, log);
  db.transaction(() => {
    log.reload();
    abandonLeftovers(db, abandonments, now());
  }).immediate();

  const tallies = createTallies(db, names);
  const tokens = createTokens(db, log);
  const nodes = createNodes(db, log);
  const intents = createIntents(db, names);
  const certificates = createCertificateWriter(db, log);
  return {
    ...createIssuance({
      group,
      intents,
      certificates,
      abandonments,
      tokens,
      nodes,
      tallies,
      log,
      now,
    }),
    ...tokenOperations(group, tokens),
    ...nodeOperations(group, nodes),
    ...readings(createInventory(db, names), tallies),
    note: (entry) => group.write(() => void log.append(formatEntry(entry))),
    checkpoint: async () => log.checkpoint(),
    probe: createProbe({ db, group, now }),
    close: async () => {
      group.close();
      db.close();
      release();
    },
  };
}

const tokenOperations = (
  { write }: GroupCommit,
  tokens: Tokens,
): Pick<Ledger, "findToken" | "addToken" | "listTokens" | "revokeToken"> => ({
  findToken: async (secretHash) => tokens.find(secretHash),
  addToken: (token, by, asked) => write(() => tokens.add(token, by, asked)),
  listTokens: async () => tokens.list(),
  revokeToken: (id, by, at) => write(() => tokens.revoke(id, by, at)),
});

const nodeOperations = (
  { write }: GroupCommit,
  nodes: Nodes,
): Pick<
  Ledger,
  "findNode" | "listNodes" | "confirmIdentity" | "noteRecovery" | "setNodeState"
> => ({
  findNode: async (name) => nodes.find(name),
  listNodes: async () => nodes.list(),
  confirmIdentity: async (node, serial, at) => {
    const bytes = serialBytes(serial);
    const standing = nodes.standing(node, bytes);
    if (standing !== "newer") return standing;
    return write(() => nodes.confirm(node, bytes, at));
  },
  noteRecovery: (recovery) => write(() => nodes.recover(recovery)),
  setNodeState: (node, state, by, at) => write(() => nodes.setState(node, state, by, at)),
});

const readings = (
  inventory: Inventory,
  tallies: Tallies,
): Pick<Ledger, "findCertificate" | "listCertificates" | "countEnding" | "counts"> => ({
  findCertificate: async (serial) =>
    isSerial(serial) ? inventory.find(serialBytes(serial)) : undefined,
  listCertificates: inventory.list,
  countEnding: async (at, until) => inventory.countEnding(at, until),
  counts: async (since) => tallies.since(since),
});
