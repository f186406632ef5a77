import type { Policy, Subject } from "./decision.ts";
import { canHaveFacts, factsOf, missingFor } from "./membership.ts";
import type { Grant, PeopleGroup } from "./model.ts";

/**
 * What a policy wants to know of people before it decides: which directories to ask, and whether an
 * answer that did not come could have made a difference. Directories are named as the policy does: `ldap`, `gitlab`.
 */

/** The directories on which it depends who gets one of these grants; none where only Kerberos counts. */
export function directoriesFor(policy: Policy, grants: Iterable<string>): ReadonlySet<string> {
  const groups = [...grants].flatMap((name) => groupsOfGrant(policy, policy.grants.get(name)));
  return new Set(groups.flatMap(factsNamed).map(directoryOf).filter(isDirectory));
}

/** Every fact that the policy looks at in a directory, without its name: `staff` for `ldap:staff`. */
export function factsWanted(policy: Policy, directory: string): ReadonlySet<string> {
  const facts = [...policy.people.values()].flatMap(factsNamed);
  const wanted = facts.filter((fact) => directoryOf(fact) === directory);
  return new Set(wanted.map((fact) => fact.slice(directory.length + 1)));
}

/**
 * The people's groups of a grant that `subject` is kept out of by nothing but facts of `silent`
 * directories: who holds the grant is not known before they answer.
 */
export function undecidedGroups(
  policy: Policy,
  subject: Subject,
  grant: string,
  silent: ReadonlySet<string>,
): readonly string[] {
  if (subject.kind !== "person" || !canHaveFacts(subject)) return [];
  const known = factsOf(subject);
  const open = (fact: string): boolean => known.has(fact) || silent.has(directoryOf(fact));
  return groupsOfGrant(policy, policy.grants.get(grant))
    .filter((group) => missingFor(group, known).length > 0)
    .filter(
      ({ from, alsoIn }) =>
        from.some(({ text }) => open(text)) && alsoIn.every(({ text }) => open(text)),
    )
    .map(({ name }) => name);
}

/** Names of the people's groups that a subject is in, in the order of the file. */
export function groupsHeld(policy: Policy, subject: Subject): readonly string[] {
  if (subject.kind !== "person") return [];
  const facts = factsOf(subject);
  return [...policy.people.values()]
    .filter((group) => missingFor(group, facts).length === 0)
    .map(({ name }) => name);
}

/** Names of the grants with one of these verbs. */
export const grantsWith = (policy: Policy, verbs: readonly Grant["verb"][]): readonly string[] =>
  [...policy.grants.values()].filter(({ verb }) => verbs.includes(verb)).map(({ name }) => name);

const groupsOfGrant = (policy: Policy, grant: Grant | undefined): readonly PeopleGroup[] =>
  grant?.to.kind === "people"
    ? grant.to.names
        .map(({ text }) => policy.people.get(text))
        .filter((group) => group !== undefined)
    : [];

const factsNamed = ({ from, alsoIn }: PeopleGroup): readonly string[] =>
  [...from, ...alsoIn].map(({ text }) => text);

const directoryOf = (fact: string): string => fact.slice(0, fact.indexOf(":"));

const isDirectory = (source: string): boolean => source !== "kerberos";
