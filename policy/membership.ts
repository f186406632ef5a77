import type { Subject } from "./decision.ts";
import type { Model, PeopleGroup } from "./model.ts";

type Person = Extract<Subject, { readonly kind: "person" }>;

/**
 * The facts about a person in the policy's own spelling.
 *
 * Principals are compared byte for byte (RFC 4120 §6.1), and only the one that was authenticated
 * counts. Somebody whose name could not be written safely into a certificate or a log has none.
 */
export function factsOf(person: Person): ReadonlySet<string> {
  if (!canHaveFacts(person)) return new Set();
  const { principal, in: memberships } = person;
  const facts = memberships.filter((fact) => !fact.startsWith("kerberos:"));
  return new Set(principal === undefined ? facts : [...facts, `kerberos:${principal}`]);
}

/** Whether a person's names can be written safely; without it no directory's answer counts. */
export function canHaveFacts({ principal, user }: Person): boolean {
  const names = [principal, user].filter((name) => name !== undefined);
  return names.length > 0 && names.every(isWritable);
}

const isWritable = (name: string): boolean => /^[\x21-\x7e]{1,255}$/.test(name);

/** What keeps `facts` out of a group; nothing when they are in it. */
export function missingFor(group: PeopleGroup, facts: ReadonlySet<string>): readonly string[] {
  const from = group.from.map(({ text }) => text);
  const lacking = group.alsoIn.map(({ text }) => text).filter((fact) => !facts.has(fact));
  return from.some((fact) => facts.has(fact)) ? lacking : [from.join(" or "), ...lacking];
}

/** Roles and `nodes`, or groups and `people`: what rules call the subject. */
export function identitiesOf(model: Model, subject: Subject): ReadonlySet<string> {
  switch (subject.kind) {
    case "node":
      return new Set([...(model.nodes.get(subject.node)?.roles ?? []), "nodes"]);
    case "person": {
      const facts = factsOf(subject);
      const groups = [...model.people.values()].filter(
        (group) => missingFor(group, facts).length === 0,
      );
      return new Set([...groups.map(({ name }) => name), "people"]);
    }
    case "root":
      return new Set();
  }
}
