import type { Policy, Subject } from "../../decision.ts";
import { factsOf, missingFor } from "../../membership.ts";
import type { Grant, PeopleGroup } from "../../model.ts";
import type { Step } from "./explanation.ts";

type Unnumbered = Omit<Step, "number">;
type Person = Extract<Subject, { readonly kind: "person" }>;

/** Each role or group that counts: those to which the grant goes, and those that the subject has. */
export function recipientSteps(
  policy: Policy,
  subject: Subject,
  grant: Grant | undefined,
): readonly Unnumbered[] {
  const wanted = new Set(grant?.to.names.map(({ text }) => text));
  switch (subject.kind) {
    case "root":
      return [];
    case "node":
      return roleSteps(policy, subject.node, wanted);
    case "person":
      return groupSteps(policy, subject, wanted);
  }
}

function roleSteps(
  policy: Policy,
  name: string,
  wanted: ReadonlySet<string>,
): readonly Unnumbered[] {
  const node = policy.nodes.get(name);
  const roles = new Set(node?.roles);
  return [...policy.roles.keys()]
    .filter((role) => wanted.has(role) || roles.has(role))
    .map((role) => ({
      what: "role",
      text: `${role}: ${roles.has(role) ? "yes" : "no"}`,
      ...(node && { place: node.place }),
    }));
}

function groupSteps(
  policy: Policy,
  person: Person,
  wanted: ReadonlySet<string>,
): readonly Unnumbered[] {
  const facts = factsOf(person);
  return [...policy.people.values()]
    .map((group) => ({ group, isIn: missingFor(group, facts).length === 0 }))
    .filter(({ group, isIn }) => isIn || wanted.has(group.name))
    .map(({ group, isIn }) => ({
      what: "group",
      text: isIn ? `${group.name}: yes, through ${wayOf(group, facts)}` : `${group.name}: no`,
      place: group.place,
      ...(!isIn && { wants: requirementOf(group) }),
    }));
}

/** The facts that put somebody into a group: one of the first list, and the second. */
function wayOf({ from, alsoIn }: PeopleGroup, facts: ReadonlySet<string>): string {
  const through = from.filter(({ text }) => facts.has(text)).map(({ text }) => text);
  return [through.join(" or "), ...alsoIn.map(({ text }) => text)].join(" and ");
}

function requirementOf({ from, alsoIn }: PeopleGroup): string {
  const any = from.map(({ text }) => text).join(" or ");
  return [any, ...alsoIn.map(({ text }) => text)].join(
    alsoIn.length > 0 && from.length > 1 ? ", and " : " and ",
  );
}
