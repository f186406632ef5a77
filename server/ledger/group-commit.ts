import type { KeysystemError } from "../../protocol/problems.ts";
import type { GroupTransaction, Waiting } from "./group-transaction.ts";
import { sqliteCodeOf } from "./ledger-error.ts";
import { unavailable } from "./unavailable.ts";

/** Many writes, one transaction and one sync. */
export type GroupCommit = {
  /**
   * Applies a write in the next group and resolves with its answer after the group is synced.
   *
   * `apply` runs inside a transaction, and once more when another write of its group has to be
   * taken back: it may touch nothing but the database. What it throws rejects this write alone.
   * Rejects with `ledger.unavailable` when the group could not be committed.
   */
  readonly write: <T>(apply: () => T) => Promise<T>;
  /** Whether the last group could not be committed. */
  readonly lastFailed: () => boolean;
  /** Commits what waits, and refuses what comes after. */
  readonly close: () => void;
};

export type GroupCommitDeps = {
  readonly transaction: GroupTransaction;
  /** Milliseconds that only go forward. */
  readonly clock: () => number;
  /** Told once, when a sync has failed and nothing can be written any more; those who wait were told before. */
  readonly broken?: (cause: unknown) => void;
};

/** Writes in one transaction: enough that its sync costs little for each, few enough to be over soon. */
const MAX_GROUP = 512;
const MAX_WAITING = 10_000;
/** How long a write waits for a foreign lock before its caller hears of it. */
const MAX_WAIT_MS = 4000;
const RETRY_MS = 25;
/**
 * A commit costs the same for one write as for many, so it waits for company: this many turns of the event loop, or
 * until enough have come. A turn of an idle process is over at once; one of a busy process brings more writes.
 */
const COMPANY = { turns: 8, enough: 32 } as const;

/** Creates the queue of writes: those that come close together are committed together. */
export function createGroupCommit(deps: GroupCommitDeps): GroupCommit {
  const queue = new WriteQueue(deps);
  return {
    write: (apply) => {
      const refusal = queue.refusal();
      if (refusal !== undefined) return Promise.reject(refusal);
      return new Promise((resolve, reject) => {
        const applyAndHold = (): (() => void) => {
          const answer = apply();
          return () => resolve(answer);
        };
        queue.push({ since: deps.clock(), apply: applyAndHold, reject });
      });
    },
    lastFailed: () => queue.lastFailed(),
    close: () => queue.close(),
  };
}

class WriteQueue {
  readonly #transaction: GroupTransaction;
  readonly #clock: () => number;
  #waiting: readonly Waiting[] = [];
  #arriving: Waiting[] = [];
  #isScheduled = false;
  #isClosed = false;
  #lastFailed = false;
  #broken: unknown;
  readonly #onBroken: GroupCommitDeps["broken"];

  constructor({ transaction, clock, broken }: GroupCommitDeps) {
    this.#transaction = transaction;
    this.#clock = clock;
    this.#onBroken = broken;
  }

  /** Why nothing can be pushed now. */
  refusal(): KeysystemError | undefined {
    if (this.#isClosed) return unavailable(new Error("it is closed"));
    if (this.#broken !== undefined) {
      return unavailable(new Error("a sync failed; restart keyserver", { cause: this.#broken }));
    }
    if (this.#waiting.length + this.#arriving.length < MAX_WAITING) return undefined;
    return unavailable(new Error("too many wait for it"));
  }

  lastFailed(): boolean {
    return this.#lastFailed;
  }

  push(write: Waiting): void {
    this.#arriving.push(write);
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    while (this.#gather().length > 0) this.#flush();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#wait(COMPANY.turns);
  }

  #wait(turns: number): void {
    setImmediate(() => {
      const isDue = turns <= 1 || this.#arriving.length >= COMPANY.enough;
      if (isDue) this.#flush();
      else this.#wait(turns - 1);
    });
  }

  #gather(): readonly Waiting[] {
    this.#waiting = [...this.#waiting, ...this.#arriving];
    this.#arriving = [];
    return this.#waiting;
  }

  #flush(): void {
    this.#isScheduled = false;
    const group = this.#gather().slice(0, MAX_GROUP);
    if (group.length === 0) return;
    try {
      this.#transaction.begin();
    } catch (error) {
      this.#postpone(error);
      return;
    }
    this.#waiting = this.#waiting.slice(MAX_GROUP);
    this.#commit(group);
    if (this.#waiting.length > 0) this.#schedule();
  }

  #commit(group: readonly Waiting[]): void {
    const failure = this.#transaction.commit(group);
    this.#lastFailed = failure !== undefined;
    if (sqliteCodeOf(failure) !== "SQLITE_IOERR_FSYNC") return;
    // After a sync that failed, the kernel may have dropped the pages and call the next sync a success:
    // nothing that is written from here on could be vouched for.
    this.#broken = failure;
    for (const write of this.#waiting) write.reject(unavailable(failure));
    this.#waiting = [];
    this.#onBroken?.(failure);
  }

  /** Tries again soon when another program holds the lock; whoever waited too long hears of it. */
  #postpone(error: unknown): void {
    const isLocked = sqliteCodeOf(error).startsWith("SQLITE_BUSY") && !this.#isClosed;
    const limit = isLocked ? this.#clock() - MAX_WAIT_MS : Infinity;
    for (const write of this.#waiting) if (write.since <= limit) write.reject(unavailable(error));
    this.#waiting = this.#waiting.filter((write) => write.since > limit);
    if (this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setTimeout(() => this.#flush(), RETRY_MS);
  }
}
