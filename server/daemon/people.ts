import { join } from "node:path";
import type { FastifyBaseLogger } from "fastify";
import type { Policy } from "../../policy/decision.ts";
import type { DirectoryMembers } from "../../protocol/admin-messages.ts";
import type { PeopleInfo } from "../../protocol/messages.ts";
import type { Ways } from "../authenticate/authenticate.ts";
import { createInform, type Inform, USUAL } from "../authenticate/inform.ts";
import { createKerberosAuthenticator } from "../authenticate/kerberos.ts";
import {
  type KerberosLibrary,
  loadKerberos,
  setKerberosEnvironment,
} from "../authenticate/kerberos-library.ts";
import { findKeytabFault } from "../authenticate/kerberos-keytab.ts";
import { createPasswordAuthenticator } from "../authenticate/password.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { ServerPaths } from "../config/paths.ts";
import type { ReadConfig } from "../config/read-config.ts";
import type { Directory } from "../directory/directory.ts";
import { createFactFinder, type FactFinder, type Facts } from "../directory/facts.ts";
import { createLdapDirectory } from "../directory/ldap-directory.ts";
import { membersOf } from "../directory/members.ts";

/** How people prove who they are here, and how it is found out what they may. */
export type People = {
  readonly ways: Pick<Ways, "kerberos" | "password">;
  readonly inform: Inform;
  /** Schemes of `Authorization` that are taken. */
  readonly schemes: readonly string[];
  /** What everyone is told; of the policy in force, since its realm may be in it. */
  info(): PeopleInfo;
  /** Names of the directories that are connected. */
  readonly directories: ReadonlySet<string>;
  /** Who is in groups now, by facts as `ldap:GROUP`. Never rejects. */
  members(facts: readonly string[]): Promise<readonly DirectoryMembers[]>;
  /** What keeps people out now, in words for the operator; empty when nothing does. Never rejects. */
  problems(): Promise<readonly string[]>;
  close(): Promise<void>;
};

export type PeopleDeps = {
  readonly config: ReadConfig;
  readonly paths: ServerPaths;
  readonly kerberos: KerberosLibrary | undefined;
  readonly policy: () => Policy;
  readonly log: FastifyBaseLogger;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Seconds of a clock that nobody sets. */
  readonly monotonic: () => number;
};

/**
 * Loads Kerberos where server.yaml wants it; to be called before keyserver becomes another user.
 *
 * @throws OperatorError when the package or Kerberos itself is not there
 */
export async function prepareKerberos(
  { kerberos }: ReadConfig,
  paths: ServerPaths,
): Promise<KerberosLibrary | undefined> {
  if (kerberos === undefined) return undefined;
  const replayCache = join(paths.stateFolder, "replay.cache");
  setKerberosEnvironment({ keytab: kerberos.keytab, replayCache }, process.env);
  try {
    return await loadKerberos();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OperatorError(`Kerberos cannot be used: ${why}`, {
      hint: "apt-get install libgssapi-krb5-2; or take kerberos: out of server.yaml",
      cause,
    });
  }
}

/** Puts together what server.yaml connects; nothing is asked yet. */
export function createPeople(deps: PeopleDeps): People {
  const { config, policy, now, monotonic } = deps;
  const directory = connectDirectory(deps);
  const finders = new Map<string, FactFinder>();
  if (directory !== undefined) {
    finders.set("ldap", sayOutages(createFactFinder({ directory, now, monotonic }), deps.log));
  }
  const kerberos = kerberosWay(deps);
  const takesPasswords = directory !== undefined && config.ldap?.passwords === true;
  const password = takesPasswords ? createPasswordAuthenticator({ directory, now }) : undefined;
  return {
    ways: {
      ...(kerberos === undefined ? {} : { kerberos }),
      ...(password === undefined ? {} : { password }),
    },
    inform: createInform({ policy, finders }),
    schemes: [
      ...(kerberos === undefined ? [] : ["Negotiate"]),
      ...(password === undefined ? [] : ['Basic realm="keysystem", charset="UTF-8"']),
    ],
    info: () => describePeople(config, policy(), takesPasswords),
    directories: new Set(finders.keys()),
    members: (facts) => askMembers({ policy: policy(), directory, finders }, facts),
    async problems() {
      const found = await Promise.all([kerberosProblem(deps), directoryProblem(directory)]);
      return found.filter((problem) => problem !== undefined);
    },
    close: async () => directory?.close(),
  };
}

type Asked = {
  readonly policy: Policy;
  readonly directory: Directory | undefined;
  readonly finders: ReadonlyMap<string, FactFinder>;
};

function askMembers(
  { policy, directory, finders }: Asked,
  facts: readonly string[],
): Promise<readonly DirectoryMembers[]> {
  const byDirectory = Map.groupBy(facts, (fact) => fact.slice(0, fact.indexOf(":")));
  return Promise.all(
    [...byDirectory].map(async ([name, own]): Promise<DirectoryMembers> => {
      const find = finders.get(name);
      if (find === undefined || directory === undefined) {
        const detail = `server.yaml connects no directory ${name}`;
        return { directory: name, state: "not configured", detail, people: [] };
      }
      const limits = policy.directories.get(name) ?? USUAL;
      const groups = own.map((fact) => fact.slice(name.length + 1));
      return { directory: name, ...(await membersOf({ directory, find, limits }, groups)) };
    }),
  );
}

async function kerberosProblem({
  config,
  kerberos,
  policy,
}: PeopleDeps): Promise<string | undefined> {
  if (config.kerberos === undefined || kerberos === undefined) return undefined;
  const fault = await findKeytabFault(kerberos, serviceOf(config, policy()));
  return fault === undefined ? undefined : `kerberos: ${fault} (${config.kerberos.keytab})`;
}

async function directoryProblem(directory: Directory | undefined): Promise<string | undefined> {
  try {
    await directory?.probe();
    return undefined;
  } catch (error) {
    return `ldap: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function connectDirectory({ config, log }: PeopleDeps): Directory | undefined {
  if (config.ldap === undefined) return undefined;
  return createLdapDirectory(config.ldap, {
    warn: (message) => log.warn({ directory: "ldap" }, message),
  });
}

/** Tells the operator when a directory falls silent, and when it is back; once each. */
function sayOutages(find: FactFinder, log: FastifyBaseLogger): FactFinder {
  let isSilent = false;
  return async (name, limits) => {
    const facts = await find(name, limits);
    const fails = facts.state === "unreachable" || facts.state === "kept";
    if (fails && !isSilent)
      log.warn({ facts: facts.state, ...reasonOf(facts) }, "directory ldap does not answer");
    if (!fails && isSilent) log.info("directory ldap answers again");
    isSilent = fails;
    return facts;
  };
}

const reasonOf = (facts: Facts): { readonly why?: string } =>
  "why" in facts ? { why: facts.why } : {};

function kerberosWay({ config, kerberos, policy, now }: PeopleDeps): Ways["kerberos"] {
  if (config.kerberos === undefined || kerberos === undefined) return undefined;
  // The realm is the policy's, so a policy that was applied meanwhile may name another service.
  const made = new Map<string, ReturnType<typeof createKerberosAuthenticator>>();
  return (token) => {
    const service = serviceOf(config, policy());
    const known = made.get(service);
    const authenticator = known ?? createKerberosAuthenticator({ library: kerberos, service, now });
    if (known === undefined) made.set(service, authenticator);
    return authenticator(token);
  };
}

/** The principal that tickets are for: the one that server.yaml names, else this host's in the cluster's realm. */
function serviceOf({ kerberos, advertise }: ReadConfig, { cluster }: Policy): string {
  if (kerberos?.service !== undefined) return kerberos.service;
  const host = advertise[0]?.replace(/:\d+$/, "") ?? "";
  return `HTTP/${host}@${cluster.realm ?? ""}`;
}

function describePeople(config: ReadConfig, policy: Policy, passwords: boolean): PeopleInfo {
  const { kubernetes, etcd } = config.clients ?? {};
  return {
    ...(config.kerberos === undefined ? {} : { kerberos: serviceOf(config, policy) }),
    passwords,
    ...(kubernetes === undefined ? {} : { kubernetes }),
    ...(etcd === undefined ? {} : { etcd: [...etcd] }),
  };
}
