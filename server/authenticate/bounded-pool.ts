import { KeysystemError } from "../../protocol/problems.ts";

/** Runs a job when there is room, and rejects in time when there is none. */
export type BoundedPool = <T>(job: () => Promise<T>) => Promise<T>;

/** How much may be under way, and for how long. */
export type PoolLimits = {
  /** What the jobs are, for messages: `Kerberos tickets`. */
  readonly what: string;
  /** Jobs at once. */
  readonly running: number;
  /** Jobs that wait; one more is refused. */
  readonly waiting: number;
  /** Seconds from the call to its answer, waiting included. */
  readonly deadline: number;
  /** What to say when the deadline passed. */
  readonly late: () => Error;
};

type Waiting = { readonly start: () => void };

/**
 * A pool that holds what stalls: callers get their answer or an error within the deadline, and what does not end
 * keeps its place until it does, so that never more than `running` are under way. Whoever waits longer than the
 * deadline is not started at all.
 *
 * Its promises reject with what the job threw, `late()`, or KeysystemError `server.busy` when too many wait.
 */
export function createBoundedPool(limits: PoolLimits): BoundedPool {
  const queue = new Set<Waiting>();
  let running = 0;

  function leave(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    running -= 1;
    const [next] = queue;
    if (next === undefined) return;
    queue.delete(next);
    next.start();
  }

  return <T>(job: () => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      const place: Waiting = {
        start() {
          running += 1;
          void settle(job, resolve, reject).finally(() => leave(timer));
        },
      };
      if (running >= limits.running && queue.size >= limits.waiting) {
        reject(busy(limits));
        return;
      }
      const timer = setTimeout(() => {
        queue.delete(place);
        reject(limits.late());
      }, limits.deadline * 1000);
      if (running < limits.running) place.start();
      else queue.add(place);
    });
}

/** Never rejects, also when `job` throws before it gives a promise. */
async function settle<T>(
  job: () => Promise<T>,
  resolve: (value: T) => void,
  reject: (reason: unknown) => void,
): Promise<void> {
  try {
    resolve(await job());
  } catch (error) {
    reject(error);
  }
}

const busy = ({ what, running, waiting }: PoolLimits): KeysystemError =>
  new KeysystemError(
    "server.busy",
    `${what}: ${running} are being checked and ${waiting} wait, which is the limit; try again in a second`,
  );
