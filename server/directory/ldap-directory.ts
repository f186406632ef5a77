import { isValueOf } from "../../policy/text/template.ts";
import type { Directory, PersonName } from "./directory.ts";
import { findCandidates } from "./find-candidates.ts";
import { findPerson, type Key } from "./find-person.ts";
import type { LdapConfig } from "./ldap-config.ts";
import { LdapFault } from "./ldap-fault.ts";
import { type LdapSettings, parseLdapConfig } from "./ldap-settings.ts";
import { createOpener } from "./open-connection.ts";
import { createPlaces, createQuestion } from "./question.ts";
import { createReaderPool } from "./reader-pool.ts";
import { explainResult } from "./search.ts";

export type LdapDeps = {
  /** Tells the operator what is wrong in the directory; never holds a secret. */
  readonly warn: (message: string) => void;
};

/** RFC 4511 appendix A.2. */
const INVALID_CREDENTIALS = 49;

/**
 * A directory that is asked by LDAP over TLS (RFC 4511, RFC 4513).
 *
 * At most four connections are kept, bound as the reader's account; every question ends within the configured time,
 * whatever the directory does, waiting, connecting and TLS included. Names that no policy can name are nobody's,
 * and no question is asked about them.
 *
 * @throws OperatorError for a configuration that cannot be used
 */
export function createLdapDirectory(config: LdapConfig, { warn }: LdapDeps): Directory {
  const settings = parseLdapConfig(config);
  const { host, timeout } = settings;
  const opener = createOpener(settings);
  const readers = createReaderPool({ open: (signal) => opener.openAsReader(signal), timeout });
  const checks = createPlaces("passwords", timeout);
  const ask = createQuestion(host, timeout);
  const search = { settings, warn };

  async function isPasswordOf(dn: string, password: string, signal: AbortSignal): Promise<boolean> {
    const { code, detail } = await checks(() => opener.tryBind({ dn, password }, signal));
    if (code !== 0 && code !== INVALID_CREDENTIALS) throw explainResult({ code, detail }, "person");
    return code === 0;
  }

  return {
    host,
    findPerson: (name) =>
      ask(async (signal) => {
        const key = keyFor(name, settings);
        if (key === undefined) return undefined;
        const found = await readers.use(signal, (one) => findPerson(one, search, key));
        return found !== undefined && isUser(found.entry.user) ? found.entry : undefined;
      }),
    findCandidates: (group) =>
      ask((signal) => readers.use(signal, (one) => findCandidates(one, settings, group))),
    checkPassword: (user, password) =>
      ask(async (signal) => {
        if (!settings.passwords) throw new LdapFault(NO_PASSWORDS, { concern: "person" });
        const key = keyFor({ kind: "user", user }, settings);
        if (key === undefined || !canBeAsked(password)) return undefined;
        const found = await readers.use(signal, (one) => findPerson(one, search, key));
        if (found === undefined) return undefined;
        return (await isPasswordOf(found.dn, password, signal)) ? found.entry : undefined;
      }),
    probe: () => ask((signal) => opener.probe(signal)),
    async close() {
      readers.close();
    },
  };
}

const NO_PASSWORDS = "is not asked about passwords here; use a Kerberos ticket";

/** A bind without password succeeds for everybody (RFC 4513 §5.1.2); what follows a NUL may not be looked at. */
const canBeAsked = (password: string): boolean =>
  password !== "" && !password.includes("\0") && password.isWellFormed();

const isUser = (name: string): boolean => isValueOf("user", name);

/** The one place where names are refused without a question. */
function keyFor(name: PersonName, { people }: LdapSettings): Key | undefined {
  const user = name.kind === "user" ? name.user : name.primary;
  if (!isUser(user)) return undefined;
  if (name.kind === "principal" && people.principal !== undefined) {
    return { attribute: people.principal, value: name.principal };
  }
  return { attribute: people.user, value: user };
}
