import { EqualityFilter, PresenceFilter } from "ldapts";
import { parseDistinguishedName } from "./distinguished-name.ts";
import type { FoundEntry } from "./ldap-answer.ts";
import { type LdapConnection, MOST_ENTRIES } from "./ldap-connection.ts";
import { LdapFault } from "./ldap-fault.ts";
import type { LdapSettings } from "./ldap-settings.ts";
import { findEntries, valuesOf } from "./search.ts";
import { foldAscii } from "./text.ts";

/**
 * Names of users who may be in a group, as its entry or theirs say; sorted, each once. Whether they
 * are has to be asked about each of them: nothing is decided by this list.
 *
 * @throws LdapFault for more than 1000
 */
export async function findCandidates(
  connection: LdapConnection,
  settings: LdapSettings,
  group: string,
): Promise<readonly string[]> {
  const { groups } = settings;
  const found = await findEntries(connection, {
    base: groups.base.text,
    scope: groups.scope,
    filter: new EqualityFilter({ attribute: groups.name, value: group }),
    attributes: ["member", "memberUid"],
  });
  const names = new Set<string>();
  for (const entry of found)
    for (const name of await namesIn(connection, settings, entry)) names.add(name);
  if (names.size > MOST_ENTRIES)
    throw new LdapFault(`has more than ${MOST_ENTRIES} people in a group`, { concern: "person" });
  return [...names].toSorted();
}

async function namesIn(
  connection: LdapConnection,
  { people, groups }: LdapSettings,
  entry: FoundEntry,
): Promise<readonly string[]> {
  switch (groups.kind) {
    case "posix-group":
      return texts(valuesOf(entry, "memberUid"));
    case "group-of-names": {
      const names: string[] = [];
      for (const dn of texts(valuesOf(entry, "member")))
        names.push(...(nameIn(dn, people.user) ?? (await namesAt(connection, people.user, dn))));
      return names;
    }
    case "member-of": {
      const filter = new EqualityFilter({ attribute: "memberOf", value: entry.dn });
      const query = { base: people.base.text, scope: "sub", filter } as const;
      const members = await findEntries(connection, { ...query, attributes: [people.user] });
      return members.flatMap((member) => texts(valuesOf(member, people.user)));
    }
  }
}

const texts = (values: readonly (string | undefined)[]): readonly string[] =>
  values.filter((value) => value !== undefined);

/** The user's name where an entry is called by it, which spares a question. */
function nameIn(dn: string, attribute: string): readonly string[] | undefined {
  const [part] = parseDistinguishedName(dn)?.[0] ?? [];
  return part?.type === foldAscii(attribute) && !part.encoded ? [part.value] : undefined;
}

/** Names at a place; a member that is gone has none. */
async function namesAt(
  connection: LdapConnection,
  attribute: string,
  dn: string,
): Promise<readonly string[]> {
  const filter = new PresenceFilter({ attribute });
  const query = { base: dn, scope: "sub", filter, attributes: [attribute] } as const;
  const { code, entries } = await connection.search(query);
  return code === 0 ? entries.flatMap((entry) => texts(valuesOf(entry, attribute))) : [];
}
