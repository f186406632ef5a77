import type { Policy } from "../decision.ts";
import { effectOf, effectsOf, type Effect } from "./effect.ts";
import { fieldsOf } from "./fields.ts";
import { universeOf, waysInto, type Requester } from "./universe.ts";

/** Of whom a row speaks. */
export type Who =
  | { readonly kind: "node"; readonly node: string }
  /** One principal; `facts` are those of directories that it needs beside its name. */
  | { readonly kind: "principal"; readonly principal: string; readonly facts: readonly string[] }
  /** Anybody who comes into the group by one of `ways`; `isWhole`: by any way that needs no principal. */
  | {
      readonly kind: "group";
      readonly group: string;
      readonly ways: readonly (readonly string[])[];
      readonly isWhole: boolean;
    };

/** Somebody gets something: what a subject is allowed by one grant. */
export type Row = { readonly who: Who; readonly effect: Effect };

/** Everything that a policy allows, nodes first, each subject's grants in the order of the file. */
export function rowsOf(policy: Policy, isWanted: (grant: string) => boolean): readonly Row[] {
  const universe = universeOf([policy]);
  const wanted: Policy = {
    ...policy,
    grants: new Map([...policy.grants].filter(([name]) => isWanted(name))),
  };
  return universe
    .flatMap((requester) => (requester.kind === "node" ? nodeRows(wanted, requester) : []))
    .concat(peopleRows(wanted, universe));
}

const nodeRows = (
  policy: Policy,
  requester: Extract<Requester, { readonly kind: "node" }>,
): readonly Row[] =>
  [...effectsOf(policy, requester).values()].map((effect) => ({
    who: { kind: "node", node: requester.node },
    effect,
  }));

type Person = Extract<Requester, { readonly kind: "person" }>;

function peopleRows(policy: Policy, universe: readonly Requester[]): readonly Row[] {
  const people = universe.filter((requester) => requester.kind === "person");
  const named = people.filter(({ principal }) => principal !== undefined);
  return [
    ...named.flatMap((person) => principalRows(policy, person)),
    ...[...policy.people.keys()].flatMap((group) =>
      groupRows(
        policy,
        group,
        people.filter(
          (person) => person.principal === undefined && isWayInto(policy, person, group),
        ),
      ),
    ),
  ];
}

function principalRows(policy: Policy, person: Person): readonly Row[] {
  const groups = [...policy.people.keys()].filter((group) => isWayInto(policy, person, group));
  const who: Who = {
    kind: "principal",
    principal: person.principal ?? "",
    facts: person.facts.filter((fact) => !fact.startsWith("kerberos:")),
  };
  return grantsTo(policy, groups).flatMap((grant) => {
    const effect = effectOf(policy, person, grant);
    return effect === undefined ? [] : [{ who, effect }];
  });
}

/** One row for a grant where all ways into the group get the same of it. */
function groupRows(policy: Policy, group: string, people: readonly Person[]): readonly Row[] {
  return grantsTo(policy, [group]).flatMap((grant) => {
    const alike = new Map<string, Effect[]>();
    for (const person of people) {
      const effect = effectOf(policy, person, grant);
      if (effect === undefined) continue;
      const key = JSON.stringify(fieldsOf(effect, "closed"));
      alike.set(key, [...(alike.get(key) ?? []), effect]);
    }
    return [...alike.values()].flatMap((effects) => {
      const [effect] = effects;
      const ways = effects.map(({ requester }) => factsOfWay(requester));
      const isWhole = effects.length === people.length;
      const row = { who: { kind: "group", group, ways, isWhole } as const };
      return effect === undefined ? [] : [{ ...row, effect }];
    });
  });
}

const factsOfWay = (requester: Requester): readonly string[] =>
  requester.kind === "person" ? requester.facts : [];

const grantsTo = ({ grants }: Policy, groups: readonly string[]) =>
  [...grants.values()].filter(({ to }) => to.names.some(({ text }) => groups.includes(text)));

/** Whether these facts and no fewer put somebody into a group. */
export function isWayInto(policy: Policy, { facts }: Person, group: string): boolean {
  const of = policy.people.get(group);
  const key = facts.join("\n");
  return of !== undefined && waysInto(of).some((way) => way.join("\n") === key);
}
