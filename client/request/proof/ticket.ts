import { execFile } from "node:child_process";
import type { Environment } from "../deps.ts";

/** The ticket in this process's credential cache. */
export type Ticket = {
  readonly principal: string;
  /** When the ticket for tickets ends, milliseconds since 1970; undefined when there is none. */
  readonly expires?: number;
};

const DEADLINE = 2000;

/** The ticket as `klist` sees it, whatever kind of cache it is in; undefined without one, or without klist. */
export function readTicket(environment: Environment): Promise<Ticket | undefined> {
  // One language and one time zone, since the answer is for people.
  const env = { ...environment, LC_ALL: "C", TZ: "UTC" };
  const { promise, resolve } = Promise.withResolvers<Ticket | undefined>();
  execFile("klist", [], { env, timeout: DEADLINE }, (error, stdout) =>
    resolve(error === null ? parseTicket(stdout) : undefined),
  );
  return promise;
}

const PRINCIPAL = /^Default principal: (\S+)$/m;
const TICKET = /^\S+ \S+ +(\d\d)\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d) +krbtgt\/([^@\s]+)@(\S+)$/gm;

/** Reads what MIT's klist writes in the C locale and UTC: `11/21/26 13:20:22  …  krbtgt/R@R`. */
export function parseTicket(text: string): Ticket | undefined {
  const principal = PRINCIPAL.exec(text)?.[1];
  if (principal === undefined) return undefined;
  const ends = [...text.matchAll(TICKET)]
    .filter(([, , , , , of, by]) => of === by)
    .map(([, month, day, year, time]) => Date.parse(`20${year}-${month}-${day}T${time}Z`));
  return ends.length === 0 ? { principal } : { principal, expires: Math.max(...ends) };
}
