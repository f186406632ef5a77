import type { Policy, Subject } from "../decision.ts";
import type { PeopleGroup } from "../model.ts";

/**
 * Everybody about whom a policy can be asked: its nodes one by one, and for people each way into a
 * group with no fact beyond those that the way needs.
 *
 * Grants go to any of several groups and no rule that a check lets pass takes effect only outside of
 * one, so a person in two groups gets what the two ways get, and nothing more.
 */
export type Requester =
  | {
      readonly kind: "node";
      readonly node: string;
      readonly subject: Subject;
    }
  | {
      readonly kind: "person";
      /** The facts that the way needs, sorted. */
      readonly facts: readonly string[];
      /** Whose way it is; undefined: anybody's whose directories say so. */
      readonly principal: string | undefined;
      readonly subject: Subject;
    };

/** The requesters of these policies, each once: nodes in the order of the files, then people. */
export function universeOf(policies: readonly Policy[]): readonly Requester[] {
  const nodes = new Set(policies.flatMap(({ nodes: of }) => [...of.keys()]));
  const anybody = anybodyOf(policies);
  const people = new Map(
    policies
      .flatMap((policy) => [...policy.people.values()].flatMap((group) => waysInto(group)))
      .map((facts) => [facts.join("\n"), personBy(facts, anybody)]),
  );
  return [
    ...[...nodes].map((node): Requester => ({
      kind: "node",
      node,
      subject: { kind: "node", node },
    })),
    ...people.values(),
  ];
}

/** Each smallest set of facts, sorted, that puts somebody into a group; nobody is two principals. */
export function waysInto({ from, alsoIn }: PeopleGroup): readonly (readonly string[])[] {
  return from
    .map(({ text }) => [...new Set([text, ...alsoIn.map((also) => also.text)])].toSorted())
    .filter((facts) => facts.filter(isPrincipal).length <= 1);
}

/** Whether a fact is a Kerberos principal and not what a directory says. */
export const isPrincipal = (fact: string): boolean => fact.startsWith("kerberos:");

type Anybody = { readonly user: string; readonly principal: string };

function personBy(facts: readonly string[], anybody: Anybody): Requester {
  const [fact] = facts.filter(isPrincipal);
  const principal = fact?.slice("kerberos:".length);
  const own = principal === undefined ? anybody : { principal };
  return {
    kind: "person",
    facts,
    principal,
    subject: { kind: "person", ...own, in: facts.filter((other) => other !== fact) },
  };
}

/** A person whose names stand for any other's: nothing that these policies write has them in it. */
function anybodyOf(policies: readonly Policy[]): Anybody {
  const written = policies.flatMap(({ reserved, people }) => [
    ...reserved.keys(),
    ...[...people.values()].flatMap(({ from, alsoIn }) =>
      [...from, ...alsoIn].map(({ text }) => text),
    ),
  ]);
  for (let number = 0; ; number++) {
    const user = `u${number}`;
    if (written.every((text) => !text.includes(user)))
      return { user, principal: `${user}@${user}` };
  }
}
