import type { Database } from "better-sqlite3";
import type { KeysystemError } from "../../protocol/problems.ts";
import { sqliteCodeOf } from "./ledger-error.ts";
import { isUnavailable, unavailable } from "./unavailable.ts";

/** Many writes, one transaction and one sync. */
export type GroupCommit = {
  /**
   * Applies a write in the next group and resolves with its answer after the group is synced.
   *
   * `apply` runs inside a transaction, and once more when another write of its group has to be
   * taken back: it may touch nothing but the database. What it throws rejects this write alone.
   */
  readonly write: <T>(apply: () => T) => Promise<T>;
  /** Commits what waits, and refuses what comes after. */
  readonly close: () => void;
};

export type GroupCommitDeps = {
  readonly db: Database;
  /** Called at the begin of each transaction. */
  readonly begun: () => void;
  /** Called after anything was taken back. */
  readonly undone: () => void;
  /** Milliseconds that only go forward. */
  readonly clock: () => number;
};

/** Writes in one transaction: enough that its sync costs little for each, few enough to be over soon. */
const MAX_GROUP = 512;
const MAX_WAITING = 10_000;
/** How long a write waits for a foreign lock before its caller hears of it. */
const MAX_WAIT_MS = 4000;
const RETRY_MS = 25;

type Waiting = {
  readonly since: number;
  readonly apply: () => () => void;
  readonly reject: (error: unknown) => void;
};

export function createGroupCommit({ db, begun, undone, clock }: GroupCommitDeps): GroupCommit {
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  let waiting: Waiting[] = [];
  let scheduled = false;
  let broken: unknown;
  let closed = false;

  const schedule = (): void => {
    if (scheduled || waiting.length === 0) return;
    scheduled = true;
    setImmediate(flush);
  };
  const flush = (): void => {
    scheduled = false;
    if (waiting.length === 0) return;
    const group = waiting.slice(0, MAX_GROUP);
    try {
      begin.run();
    } catch (error) {
      postpone(error);
      return;
    }
    waiting = waiting.slice(MAX_GROUP);
    commitGroup(group);
    schedule();
  };
  const postpone = (error: unknown): void => {
    const isLocked = sqliteCodeOf(error).startsWith("SQLITE_BUSY") && !closed;
    const limit = isLocked ? clock() - MAX_WAIT_MS : Infinity;
    for (const write of waiting) if (write.since <= limit) write.reject(unavailable(error));
    waiting = waiting.filter((write) => write.since > limit);
    if (waiting.length === 0) return;
    scheduled = true;
    setTimeout(flush, RETRY_MS);
  };
  const commitGroup = (group: readonly Waiting[]): void => {
    try {
      begun();
      const settle = applyTogether(group) ?? restartAlone(group);
      commit.run();
      for (const done of settle) done();
    } catch (error) {
      failGroup(group, error);
    }
  };
  const restartAlone = (group: readonly Waiting[]): readonly (() => void)[] => {
    db.exec("ROLLBACK; BEGIN IMMEDIATE");
    undone();
    return applyAlone(db, group, undone);
  };
  const failGroup = (group: readonly Waiting[], error: unknown): void => {
    // After a sync that failed, the kernel may have dropped the pages and call the next sync a success:
    // nothing that is written from here on could be vouched for.
    if (sqliteCodeOf(error) === "SQLITE_IOERR_FSYNC") broken = error;
    if (db.inTransaction) db.exec("ROLLBACK");
    undone();
    for (const write of group) write.reject(unavailable(error));
  };

  const refusal = (): KeysystemError | undefined => {
    if (closed) return unavailable(new Error("it is closed"));
    if (broken !== undefined) {
      return unavailable(new Error("a sync failed; restart keyserver", { cause: broken }));
    }
    return waiting.length < MAX_WAITING
      ? undefined
      : unavailable(new Error("too many wait for it"));
  };
  return {
    write: (apply) => {
      const refused = refusal();
      if (refused !== undefined) return Promise.reject(refused);
      return new Promise((resolve, reject) => {
        const applyAndHold = (): (() => void) => {
          const answer = apply();
          return () => resolve(answer);
        };
        waiting.push({ since: clock(), apply: applyAndHold, reject });
        schedule();
      });
    },
    close: () => {
      closed = true;
      while (waiting.length > 0) flush();
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
