import { KeysystemError } from "../../protocol/problems.ts";
import { createBoundedPool } from "./bounded-pool.ts";
import { findKeytabFault } from "./kerberos-keytab.ts";
import type { KerberosContext, KerberosLibrary } from "./kerberos-library.ts";
import { explainRefusal, isWithoutKeys, sayWrongService } from "./kerberos-refusal.ts";
import { checkToken } from "./kerberos-token.ts";
import { type Principal, parsePrincipal } from "./principal.ts";

export type KerberosDeps = {
  /** From `loadKerberos()`. */
  readonly library: KerberosLibrary;
  /** The one principal that tickets are taken for: `HTTP/m1.example.edu@EXAMPLE.EDU`. */
  readonly service: string;
  /** Seconds since 1970. */
  readonly now: () => number;
};

/** Who sent a token, and the base64 that goes back in `WWW-Authenticate: Negotiate` and proves the server. */
export type Accepted = Principal & { readonly answer: string };

/** From the base64 of `Authorization: Negotiate` to the person. */
export type KerberosAuthenticator = (token: string) => Promise<Accepted>;

/** Two of libuv's four threads, which files and DNS need too; a ticket takes about a millisecond. */
const AT_ONCE = 2;
const WAITING = 256;
/** Seconds. */
const DEADLINE = 5;

/**
 * Takes one SPNEGO token and is done (RFC 4559 §4): an exchange that wants a second round is refused.
 *
 * It rejects with KeysystemError: `auth.kerberos`, `auth.replayed`, `auth.clock`, `auth.unavailable` (also when
 * nothing comes within 5 s), `server.busy`.
 */
export function createKerberosAuthenticator(deps: KerberosDeps): KerberosAuthenticator {
  const pool = createBoundedPool({
    what: "Kerberos tickets",
    running: AT_ONCE,
    waiting: WAITING,
    deadline: DEADLINE,
    late: () =>
      new KeysystemError("auth.unavailable", `no ticket could be checked within ${DEADLINE} s`),
  });
  return async (token) => {
    checkToken(token);
    return pool(() => accept(deps, token));
  };
}

async function accept(deps: KerberosDeps, token: string): Promise<Accepted> {
  const { context, answer } = await exchange(deps, token);
  if (!context.contextComplete || answer === null || answer === "") {
    throw new KeysystemError("auth.kerberos", "the Kerberos exchange wants more than one round");
  }
  if (context.targetName !== deps.service) {
    throw new KeysystemError("auth.kerberos", sayWrongService(context.targetName, deps.service));
  }
  return { ...parsePrincipal(context.username), answer };
}

async function exchange(
  { library, service, now }: KerberosDeps,
  token: string,
): Promise<{ readonly context: KerberosContext; readonly answer: string | null }> {
  try {
    const context = await library.initializeServer("");
    return { context, answer: await context.step(token) };
  } catch (error) {
    if (isWithoutKeys(error)) throw withoutKeys(await findKeytabFault(library, service));
    throw explainRefusal(error, { service, now: now() });
  }
}

const withoutKeys = (fault = "the keytab was not usable a moment ago"): KeysystemError =>
  new KeysystemError(
    "auth.unavailable",
    "this keyserver cannot check Kerberos tickets now; its operator finds the reason in the log",
    { cause: new Error(fault) },
  );
