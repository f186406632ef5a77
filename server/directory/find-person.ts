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
  const found = await findOne(connection, settings, key);
  if (found === undefined || !valuesOf(found, key.attribute).includes(key.value)) return undefined;
  const user = userOf(found, settings.people.user);
  const person = { dn: found.dn, user, memberOf: valuesOf(found, MEMBER_OF) };
  const groups = await groupsOf(connection, { groups: settings.groups, warn }, person);
  return { entry: { user, groups }, dn: found.dn };
}

const MEMBER_OF = "memberOf";

async function findOne(
  connection: LdapConnection,
  { people, groups }: SearchDeps["settings"],
  { attribute, value }: Key,
): Promise<FoundEntry | undefined> {
  const [found, ...others] = await findEntries(connection, {
    base: people.base.text,
    scope: "sub",
    filter: new EqualityFilter({ attribute, value }),
    attributes: [people.user, attribute, ...(groups.kind === "member-of" ? [MEMBER_OF] : [])],
  });
  if (others.length > 0) {
    const cause = new Error(`${others.length + 1} entries have ${attribute} ${show(value)}`);
    throw new LdapFault(`has more than one entry for ${show(value)}`, { concern: "person", cause });
  }
  if (found !== undefined) checkPlace(found.dn, people);
  return found;
}

function checkPlace(dn: string, { base }: LdapSettings["people"]): void {
  const name = parseDistinguishedName(dn);
  if (name !== undefined && (levelsBelow(name, base.name) ?? 0) > 0) return;
  const cause = new Error(`${show(dn)} does not lie below ${base.text}`);
  throw new LdapFault("answers with an entry of another place", { concern: "person", cause });
}

function userOf(found: FoundEntry, attribute: string): string {
  const [user, ...others] = valuesOf(found, attribute);
  if (user !== undefined && others.length === 0) return user;
  const cause = new Error(`${show(found.dn)} has ${others.length + 1} values of ${attribute}`);
  throw new LdapFault("has an entry without one clear name", { concern: "person", cause });
}

const show = (text: string): string => JSON.stringify(text.slice(0, 256));
