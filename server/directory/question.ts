import { KeysystemError } from "../../protocol/problems.ts";
import { createBoundedPool } from "../authenticate/bounded-pool.ts";
import { DirectoryError } from "./directory.ts";
import type { LdapConnection } from "./ldap-connection.ts";
import { LdapFault } from "./ldap-fault.ts";

/** Connections at once, and questions that wait for one. */
export const MOST_CONNECTIONS = 4;
export const MOST_WAITING = 64;

/** Runs a job that is left, and told so by its signal, when its time is over. @throws DirectoryError */
export type Question = <T>(job: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** Creates a {@link Question} of `timeout` seconds; its errors begin with the directory's name. */
export function createQuestion(host: string, timeout: number): Question {
  return async (job) => {
    const controller = new AbortController();
    const { signal } = controller;
    const end = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      controller.abort(late(timeout));
      end.reject(late(timeout));
    }, timeout * 1000);
    try {
      return await Promise.race([job(signal), end.promise]);
    } catch (error) {
      const fault = error instanceof LdapFault ? error : undefined;
      // What is not a fault of the directory is one of ours, and shows nothing of itself.
      if (fault === undefined)
        throw new DirectoryError(`${host} cannot be asked`, { cause: error });
      const { concern } = fault;
      throw new DirectoryError(`${host} ${fault.message}`, { concern, cause: fault.cause });
    } finally {
      clearTimeout(timer);
    }
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
  if (signal.aborted) abort();
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
const late = (timeout: number): LdapFault =>
  new LdapFault(`does not answer (timed out after ${timeout} s)`);

const lateFault = ({ reason }: AbortSignal): LdapFault =>
  reason instanceof LdapFault ? reason : new LdapFault("does not answer", { cause: reason });
