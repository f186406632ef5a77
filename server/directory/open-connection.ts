import { readFile } from "node:fs/promises";
import { LdapConnection, type Result } from "./ldap-connection.ts";
import { LdapFault } from "./ldap-fault.ts";
import type { LdapSettings } from "./ldap-settings.ts";
import { withConnection } from "./question.ts";
import { explainResult } from "./search.ts";
import { openSecureSocket } from "./secure-socket.ts";
import { createTrust } from "./trust.ts";

/** Opens connections to one directory; no password leaves before TLS is up and the certificate checked. */
export type Opener = {
  /** A connection that is bound as the reader's account. @throws LdapFault */
  openAsReader(signal: AbortSignal): Promise<LdapConnection>;
  /** The directory's verdict on a password, on a connection of its own. @throws LdapFault when there is none */
  tryBind(account: Account, signal: AbortSignal): Promise<Result>;
  /** Resolves when the reader's account can bind. @throws LdapFault */
  probe(signal: AbortSignal): Promise<void>;
};

type Account = { readonly dn: string; readonly password: string };

/** Creates an {@link Opener}. The reader's password is read for each connection, so that a new one needs no restart. */
export function createOpener(settings: LdapSettings): Opener {
  const trust = createTrust(settings.ca);

  async function open(signal: AbortSignal): Promise<LdapConnection> {
    const context = await trust(signal);
    const socket = await openSecureSocket(settings, context, signal);
    return new LdapConnection(socket, settings.timeout);
  }

  async function openAsReader(signal: AbortSignal): Promise<LdapConnection> {
    const account = await readAccount(settings, signal);
    const connection = await open(signal);
    const result = await bind(connection, account, signal);
    if (result.code === 0) return connection;
    connection.close();
    throw refusal(result);
  }

  return {
    openAsReader,
    async tryBind(account, signal) {
      const connection = await open(signal);
      const result = await bind(connection, account, signal);
      connection.close();
      return result;
    },
    async probe(signal) {
      const connection = await openAsReader(signal);
      connection.close();
    },
  };
}

async function bind(
  connection: LdapConnection,
  { dn, password }: Account,
  signal: AbortSignal,
): Promise<Result> {
  try {
    return await withConnection(signal, connection, (one) => one.bind(dn, password));
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** 8, 13: wants another bind · 48, 49, 50, 53: not this account. */
const REFUSED = new Set([8, 13, 48, 49, 50, 53]);

function refusal(result: Result): LdapFault {
  if (!REFUSED.has(result.code)) return explainResult(result);
  const cause = new Error(`result ${result.code}: ${result.detail}`);
  return new LdapFault("refuses its reader's account", { cause });
}

/** Bytes of the longest password. */
const LONGEST = 1024;

async function readAccount({ bind }: LdapSettings, signal: AbortSignal): Promise<Account> {
  const text = await readPassword(bind.passwordFile, signal);
  const password = text.replace(/\r?\n$/, "");
  if (password === "" || password.length > LONGEST || /\p{Cc}/u.test(password)) {
    const message = "cannot be asked: the file with its reader's password does not hold one line";
    throw new LdapFault(message);
  }
  return { dn: bind.dn, password };
}

async function readPassword(file: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(file, { encoding: "utf8", signal });
  } catch (cause) {
    const message = "cannot be asked: the file with its reader's password cannot be read";
    throw new LdapFault(message, { cause });
  }
}
