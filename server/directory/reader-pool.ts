import type { LdapConnection } from "./ldap-connection.ts";
import { LdapFault } from "./ldap-fault.ts";
import { createPlaces, withConnection } from "./question.ts";

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

/** Seconds after which a connection is replaced, so that a certificate or an account that ended is noticed. */
const LONGEST_USE = 300;

/** Creates a {@link ReaderPool}; it connects when it is first asked. */
export function createReaderPool({ open, timeout }: ReaderPoolDeps): ReaderPool {
  const place = createPlaces("questions to the directory", timeout);
  const kept = createKeptConnections();

  async function run<T>(
    signal: AbortSignal,
    connection: LdapConnection,
    job: (connection: LdapConnection) => Promise<T>,
  ): Promise<T> {
    try {
      return await withConnection(signal, connection, job);
    } finally {
      // A fault of the connection has ended it; every other leaves it as it was.
      kept.giveBack(connection);
    }
  }

  async function useAny<T>(
    signal: AbortSignal,
    job: (connection: LdapConnection) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const connection = kept.take();
    if (connection === undefined) return run(signal, kept.add(await open(signal)), job);
    try {
      return await run(signal, connection, job);
    } catch (error) {
      if (!(error instanceof LdapFault && error.isBroken) || signal.aborted) throw error;
      return await run(signal, kept.add(await open(signal)), job);
    }
  }

  return {
    use: (signal, job) => place(() => useAny(signal, job)),
    close: () => kept.close(),
  };
}

type KeptConnections = {
  /** One that is open and idle. @throws LdapFault after `close` */
  take(): LdapConnection | undefined;
  /** Counts the time of a new one, which is in use. */
  add(connection: LdapConnection): LdapConnection;
  /** Keeps one that is idle again, unless its time is over. */
  giveBack(connection: LdapConnection): void;
  close(): void;
};

function createKeptConnections(): KeptConnections {
  const idle = new Set<LdapConnection>();
  const retired = new WeakSet<LdapConnection>();
  let isClosed = false;

  function retire(connection: LdapConnection): void {
    retired.add(connection);
    if (idle.delete(connection)) connection.close();
  }

  return {
    take() {
      if (isClosed) throw new LdapFault("is not asked any more");
      for (const connection of idle) {
        idle.delete(connection);
        if (connection.isOpen()) return connection;
      }
      return undefined;
    },
    add(connection) {
      setTimeout(() => retire(connection), LONGEST_USE * 1000).unref();
      return connection;
    },
    giveBack(connection) {
      if (isClosed || retired.has(connection)) connection.close();
      else idle.add(connection);
    },
    close() {
      isClosed = true;
      for (const connection of idle) retire(connection);
    },
  };
}
