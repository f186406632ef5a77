import type { Database } from "better-sqlite3";
import { isUnavailable, unavailable } from "./unavailable.ts";

/** A write that waits for its group: `apply` gives what to call once the group is synced. */
export type Waiting = {
  /** When it came, in the clock of the group commit. */
  readonly since: number;
  readonly apply: () => () => void;
  readonly reject: (error: unknown) => void;
};

/** One transaction for many writes. */
export type GroupTransaction = {
  /** Takes the lock. @throws what SQLite says when it cannot */
  readonly begin: () => void;
  /**
   * Applies and commits the group in the transaction that was begun, and settles each of its writes.
   *
   * @returns what SQLite said when nothing could be committed.
   */
  readonly commit: (group: readonly Waiting[]) => unknown;
};

export type GroupTransactionDeps = {
  readonly db: Database;
  /** Called at the begin of each transaction. */
  readonly begun: () => void;
  /** Called after anything was taken back. */
  readonly undone: () => void;
};

/** Creates the one way in which the ledger is written. */
export function createGroupTransaction({
  db,
  begun,
  undone,
}: GroupTransactionDeps): GroupTransaction {
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");

  const restartAlone = (group: readonly Waiting[]): readonly (() => void)[] => {
    db.exec("ROLLBACK; BEGIN IMMEDIATE");
    undone();
    return applyAlone(db, group, undone);
  };
  const takeBack = (group: readonly Waiting[], error: unknown): void => {
    if (db.inTransaction) db.exec("ROLLBACK");
    undone();
    for (const write of group) write.reject(unavailable(error));
  };
  return {
    begin: () => {
      begin.run();
    },
    commit: (group) => {
      try {
        begun();
        const settle = applyTogether(group) ?? restartAlone(group);
        commit.run();
        for (const done of settle) done();
        return undefined;
      } catch (error) {
        takeBack(group, error);
        return error;
      }
    },
  };
}

/** Applies all in the open transaction; undefined when one of them failed and all must be taken back. */
function applyTogether(group: readonly Waiting[]): readonly (() => void)[] | undefined {
  try {
    return group.map((write) => write.apply());
  } catch (error) {
    if (isUnavailable(error)) throw error;
    return undefined;
  }
}

/** Applies each behind a savepoint of its own, so that one that fails takes back nothing but itself. */
function applyAlone(
  db: Database,
  group: readonly Waiting[],
  undone: () => void,
): readonly (() => void)[] {
  return group.map((write) => {
    db.exec("SAVEPOINT one");
    try {
      const done = write.apply();
      db.exec("RELEASE one");
      return done;
    } catch (error) {
      if (isUnavailable(error)) throw error;
      db.exec("ROLLBACK TO one; RELEASE one");
      undone();
      return () => write.reject(error);
    }
  });
}
