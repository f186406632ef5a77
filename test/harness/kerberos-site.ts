import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Kdc, type KerberosEnvironment, startKdc, type TicketOptions } from "./kdc.ts";
import {
  type SpnegoAcceptor,
  type SpnegoClient,
  startSpnegoAcceptor,
  startSpnegoClient,
} from "./spnego.ts";
import type { AcceptedToken, AcceptorFiles, Refused } from "./spnego-messages.ts";

/** Password of every principal that a test adds. */
export const PASSWORD = "correct horse";
/** The service that acceptors take tickets for, as GSS-API writes it and as Kerberos does. */
export const SERVICE = "HTTP@m1.example.edu";
export const SERVICE_PRINCIPAL = "HTTP/m1.example.edu@EXAMPLE.EDU";

/** Realms, a keytab with the service's key, and what is started against them; all of it ends with the test. */
export type KerberosSite = AsyncDisposable & {
  readonly folder: string;
  readonly kdc: Kdc;
  readonly keytab: string;
  /** A path for a replay cache that nobody has used. */
  newReplayCache(): string;
  /** An acceptor with the site's keytab and a replay cache of its own, except for `files` and `environment`. */
  acceptor(
    files?: Partial<AcceptorFiles>,
    environment?: KerberosEnvironment,
  ): Promise<SpnegoAcceptor>;
  /** A client with a new ticket; adds nobody. */
  client(principal: string, options?: TicketOptions): Promise<SpnegoClient>;
};

/** Starts it; `env` is added to krb5kdc's environment alone (a clock). */
export async function startKerberosSite(
  options: { readonly realms?: readonly string[]; readonly env?: KerberosEnvironment } = {},
): Promise<KerberosSite> {
  const folder = mkdtempSync(join(tmpdir(), "kerberos-"));
  // Acceptors that become another user reach krb5.conf.
  chmodSync(folder, 0o755);
  const kdc = await startKdc({ folder: join(folder, "kdc"), ...options });
  const keytab = join(folder, "keytab");
  await kdc.addService(SERVICE_PRINCIPAL, keytab);
  const programs = new Set<AsyncDisposable>();
  const keep = <T extends AsyncDisposable>(program: T): T => {
    programs.add(program);
    return program;
  };
  let caches = 0;
  const newReplayCache = (): string => join(folder, `replay-${(caches += 1)}`);
  return {
    folder,
    kdc,
    keytab,
    newReplayCache,
    async acceptor(files = {}, environment = {}) {
      const found = { service: SERVICE_PRINCIPAL, keytab, replayCache: newReplayCache(), ...files };
      return keep(await startSpnegoAcceptor({ ...kdc.environment, ...environment }, found));
    },
    client: async (principal, ticket) =>
      keep(startSpnegoClient(await kdc.kinit(principal, PASSWORD, ticket))),
    async [Symbol.asyncDispose]() {
      await Promise.all([...programs].map((program) => program[Symbol.asyncDispose]()));
      await kdc.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Who was accepted, or the code of the refusal: what most tests compare. */
export const verdictOf = (result: AcceptedToken | Refused): string =>
  "code" in result ? result.code : result.principal;
