import { createBoundedPool } from "../authenticate/bounded-pool.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { LdapConnection } from "./ldap-connection.ts";
import { LdapFault } from "./ldap-fault.ts";

/** Connections that are bound as the reader's account, for one question each at a time. */
export type ReaderPool = {
  /**
   * Runs `job` with a connection, which is destroyed when `signal` aborts. A kept connection that turns out to be
   * lost is replaced once; `job` may then run twice.
   *
   * @throws LdapFault, also when too many wait
   */
  use<T>(signal: AbortSignal, job: (connection: LdapConnection) => Promise<T>): Promise<T>;
  close(): void;
};

export type ReaderPoolDeps = {
  /** Connects and binds. */
  readonly open: (signal: AbortSignal) => Promise<LdapConnection>;
  /** Seconds from a question to its answer. */
  readonly timeout: number;
};

/** Connections at once, and questions that wait for one. */
export const MOST_CONNECTIONS = 4;
export const MOST_WAITING = 64;

/** Seconds after which a connection is replaced, so that a certificate or an account that ended is noticed. */
const LONGEST_USE = 300;

/** Creates a {@link ReaderPool}; it connects when it is first asked. */
export function createReaderPool({ open, timeout }: ReaderPoolDeps): ReaderPool {
  const place = createPlaces("questions to the directory", timeout);
  const idle: LdapConnection[] = [];
  const retired = new WeakSet<LdapConnection>();
  let isClosed = false;

  async function openNew(signal: AbortSignal): Promise<LdapConnection> {
    const connection = await open(signal);
    setTimeout(() => {
      retired.add(connection);
      const at = idle.indexOf(connection);
      if (at >= 0) idle.splice(at, 1);
      if (at >= 0) connection.close();
    }, LONGEST_USE * 1000).unref();
    return connection;
  }

  function takeIdle(): LdapConnection | undefined {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      if (kept.isOpen()) return kept;
    }
    return undefined;
  }

  function giveBack(connection: LdapConnection): void {
    if (isClosed || retired.has(connection)) connection.close();
    else idle.push(connection);
  }

  async function run<T>(
    signal: AbortSignal,
    connection: LdapConnection,
    job: (connection: LdapConnection) => Promise<T>,
  ): Promise<T> {
    try {
      const answer = await withConnection(signal, connection, job);
      giveBack(connection);
      return answer;
    } catch (error) {
      // A fault of one person's entry says nothing against the connection.
      if (error instanceof LdapFault && error.concern === "person") giveBack(connection);
      else connection.close();
      throw error;
    }
  }

  async function useAny<T>(
    signal: AbortSignal,
    job: (connection: LdapConnection) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    if (isClosed) throw new LdapFault("is not asked any more");
    const kept = takeIdle();
    if (kept === undefined) return run(signal, await openNew(signal), job);
    try {
      return await run(signal, kept, job);
    } catch (error) {
      if (!(error instanceof LdapFault && error.isBroken) || signal.aborted) throw error;
      return await run(signal, await openNew(signal), job);
    }
  }

  return {
    use: (signal, job) => place(() => useAny(signal, job)),
    close() {
      isClosed = true;
      for (const connection of idle.splice(0)) connection.close();
    },
  };
}

/** Runs `job` with a connection that ends with `signal`. */
export async function withConnection<T>(
  signal: AbortSignal,
  connection: LdapConnection,
  job: (connection: LdapConnection) => Promise<T>,
): Promise<T> {
  const abort = (): void => connection.destroy(lateFault(signal));
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await job(connection);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Places for `what` at once and in waiting; like a bounded pool, but its faults are of the directory. */
export function createPlaces(
  what: string,
  timeout: number,
): <T>(job: () => Promise<T>) => Promise<T> {
  const pool = createBoundedPool({
    what,
    running: MOST_CONNECTIONS,
    waiting: MOST_WAITING,
    deadline: timeout,
    late: () => late(timeout),
  });
  return async (job) => {
    try {
      return await pool(job);
    } catch (error) {
      if (!(error instanceof KeysystemError)) throw error;
      throw new LdapFault("is asked too much at once; try again in a second", {
        concern: "load",
        cause: error,
      });
    }
  };
}

/** The fault of an answer that did not come in time. */
export const late = (timeout: number): LdapFault =>
  new LdapFault(`does not answer (timed out after ${timeout} s)`);

const lateFault = ({ reason }: AbortSignal): LdapFault =>
  reason instanceof LdapFault ? reason : new LdapFault("does not answer", { cause: reason });
