import { EqualityFilter } from "ldapts";
import type { Entry } from "./directory.ts";
import { levelsBelow, parseDistinguishedName } from "./distinguished-name.ts";
import { groupsOf } from "./find-groups.ts";
import type { FoundEntry } from "./ldap-answer.ts";
import type { LdapConnection } from "./ldap-connection.ts";
import { LdapFault } from "./ldap-fault.ts";
import type { LdapSettings } from "./ldap-settings.ts";
import { findEntries, valuesOf } from "./search.ts";

/** A person's entry, and its name for a bind. */
export type FoundPerson = { readonly entry: Entry; readonly dn: string };

/** What an entry is looked up by. */
export type Key = { readonly attribute: string; readonly value: string };

export type SearchDeps = {
  readonly settings: Pick<LdapSettings, "people" | "groups">;
  /** Tells the operator what is wrong in the directory; never holds a secret. */
  readonly warn: (message: string) => void;
};

/**
 * Finds the one person with this key, whatever text it is; undefined when nobody has exactly it.
 *
 * Directories compare without regard to case and spaces, and forgive more; here the value has to be there byte for
 * byte. The attribute with the user's name must have one value: who has two names could be taken for either.
 *
 * @throws LdapFault about the person when several entries answer, the entry lies elsewhere, or has several names
 */
export async function findPerson(
  connection: LdapConnection,
  { settings, warn }: SearchDeps,
  key: Key,
): Promise<FoundPerson | undefined> {
  if (key.value === "") return undefined;
  const found = await findOne(connection, { settings, warn }, key);
  if (found === undefined || !valuesOf(found, key.attribute).includes(key.value)) return undefined;
  const user = userOf(found, settings.people.user, warn);
  const person = { dn: found.dn, user, memberOf: valuesOf(found, MEMBER_OF) };
  const groups = await groupsOf(connection, { groups: settings.groups, warn }, person);
  return { entry: { user, groups }, dn: found.dn };
}

const MEMBER_OF = "memberOf";

async function findOne(
  connection: LdapConnection,
  { settings: { people, groups }, warn }: SearchDeps,
  { attribute, value }: Key,
): Promise<FoundEntry | undefined> {
  const [found, ...others] = await findEntries(connection, {
    base: people.base.text,
    scope: "sub",
    filter: new EqualityFilter({ attribute, value }),
    attributes: [people.user, attribute, ...(groups.kind === "member-of" ? [MEMBER_OF] : [])],
  });
  if (others.length > 0) {
    const detail = `${others.length + 1} entries have ${attribute} ${show(value)}`;
    throw refuse(warn, `has more than one entry for ${show(value)}`, detail);
  }
  if (found !== undefined && !isBelow(found.dn, people)) {
    const detail = `${show(found.dn)} does not lie below ${people.base.text}`;
    throw refuse(warn, "answers with an entry of another place", detail);
  }
  return found;
}

function isBelow(dn: string, { base }: LdapSettings["people"]): boolean {
  const name = parseDistinguishedName(dn);
  return name !== undefined && (levelsBelow(name, base.name) ?? 0) > 0;
}

function userOf(found: FoundEntry, attribute: string, warn: SearchDeps["warn"]): string {
  const [user, ...others] = valuesOf(found, attribute);
  if (user !== undefined && others.length === 0) return user;
  const detail = `${show(found.dn)} needs one value of ${attribute} in UTF-8, and no other`;
  throw refuse(warn, "has an entry without one clear name", detail);
}

/** The caller learns that something is wrong, the operator what. */
function refuse(warn: SearchDeps["warn"], message: string, detail: string): LdapFault {
  warn(`nobody is let in by this entry: ${detail}`);
  return new LdapFault(message, { concern: "person", cause: new Error(detail) });
}

const show = (text: string): string => JSON.stringify(text.slice(0, 256));
