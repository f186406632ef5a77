import { EqualityFilter, OrFilter } from "ldapts";
import { levelsBelow, parseDistinguishedName } from "./distinguished-name.ts";
import type { Value } from "./ldap-answer.ts";
import { type LdapConnection, MOST_ENTRIES, type Query } from "./ldap-connection.ts";
import { LdapFault } from "./ldap-fault.ts";
import type { LdapSettings } from "./ldap-settings.ts";
import { findEntries } from "./search.ts";
import { foldAscii } from "./text.ts";

type Groups = LdapSettings["groups"];

export type GroupDeps = {
  readonly groups: Groups;
  readonly warn: (message: string) => void;
};

/** Whose groups: the entry's name as the directory spelled it, the user's name, and `memberOf` as it is there. */
export type Member = {
  readonly dn: string;
  readonly user: string;
  readonly memberOf: readonly Value[];
};

/** A name that a policy can have. */
const GROUP_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Names of a person's groups, sorted, each once.
 *
 * A group's name is the first part of its entry's name, which siblings cannot share, and not one of the values of an
 * attribute. Groups elsewhere, in other groups, and the primary group of an account (`gidNumber`) do not count.
 *
 * @throws LdapFault, about the person for more than 1000 groups
 */
export async function groupsOf(
  connection: LdapConnection,
  { groups, warn }: GroupDeps,
  member: Member,
): Promise<readonly string[]> {
  const places = await findPlaces(connection, groups, member);
  if (places.length > MOST_ENTRIES) {
    throw new LdapFault(`has an entry with more than ${MOST_ENTRIES} groups`, {
      concern: "person",
    });
  }
  const names = places.map((dn) => nameOf(dn, groups)).filter((name) => name !== undefined);
  const known = [...new Set(names)].sort();
  return groups.scope === "one" ? known : await leaveOutTwins(connection, { groups, warn }, known);
}

async function findPlaces(
  connection: LdapConnection,
  groups: Groups,
  { dn, user, memberOf }: Member,
): Promise<readonly Value[]> {
  switch (groups.kind) {
    case "member-of":
      return memberOf;
    case "group-of-names":
      return await findNames(connection, groups, equal("member", dn));
    case "posix-group":
      return await findNames(connection, groups, equal("memberUid", user));
  }
}

const equal = (attribute: string, value: string): EqualityFilter =>
  new EqualityFilter({ attribute, value });

async function findNames(
  connection: LdapConnection,
  { base, scope }: Groups,
  filter: Query["filter"],
): Promise<readonly string[]> {
  const found = await findEntries(connection, { base: base.text, scope, filter, attributes: [] });
  return found.map(({ dn }) => dn);
}

/** The name of the group that this entry is; undefined when it is none, lies elsewhere, or no policy could name it. */
function nameOf(dn: Value, { base, name, scope }: Groups): string | undefined {
  const parsed = dn === undefined ? undefined : parseDistinguishedName(dn);
  const levels = parsed === undefined ? undefined : levelsBelow(parsed, base.name);
  if (levels === undefined || levels < 1 || (scope === "one" && levels > 1)) return undefined;
  const [part, ...others] = parsed?.[0] ?? [];
  if (part === undefined || others.length > 0 || part.encoded) return undefined;
  return part.type === foldAscii(name) && GROUP_NAME.test(part.value) ? part.value : undefined;
}

/** Names in one question. */
const BATCH = 100;

/**
 * Anywhere below a base two groups can have one name, and whoever may make groups somewhere could make the second:
 * such a name counts for nobody.
 */
async function leaveOutTwins(
  connection: LdapConnection,
  { groups, warn }: GroupDeps,
  names: readonly string[],
): Promise<readonly string[]> {
  const seen = new Set<string>();
  for (let at = 0; at < names.length; at += BATCH) {
    const filters = names.slice(at, at + BATCH).map((value) => equal(groups.name, value));
    for (const dn of await findNames(connection, groups, new OrFilter({ filters }))) {
      seen.add(dn);
    }
  }
  const all = [...seen].map((dn) => nameOf(dn, groups));
  const single = names.filter((name) => all.filter((other) => other === name).length === 1);
  for (const name of names.filter((name) => !single.includes(name))) {
    warn(`not exactly one group below ${groups.base.text} is called ${name}; it counts for nobody`);
  }
  return single;
}
