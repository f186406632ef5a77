import type { Policy } from "../../decision.ts";
import type { Grant } from "../../model.ts";
import { waysInto } from "../universe.ts";
import type { Delta, Pair } from "./deltas.ts";

/** Deltas that say the same, under the name that they have in common. */
export type Labelled = {
  readonly who: string;
  readonly deltas: readonly Delta[];
  readonly isOpen: boolean;
};

/** So many lines that say the same are shown one by one. */
const FEW = 3;

/** Gives the deltas names; nodes and principals that are many are brought together. */
export function labelDeltas(pair: Pair, deltas: readonly Delta[]): readonly Labelled[] {
  const alike = Map.groupBy(minimal(deltas), ({ grant, sign, openText, requester }) =>
    [kindOf(requester), grant.name, sign, openText].join("\n"),
  );
  const labelled = [...alike.values()].flatMap((group) => labelAlike(pair, group));
  const order = new Map(deltas.map((delta, index) => [delta, index]));
  const at = ({ deltas: [first] }: Labelled): number => (first && order.get(first)) ?? 0;
  return labelled.toSorted((a, b) => at(a) - at(b));
}

const kindOf = (requester: Delta["requester"]): string => {
  if (requester.kind === "node") return "node";
  return requester.principal === undefined ? "anybody" : "principal";
};

/** Leaves out whoever has more facts than another of whom the same is said. */
function minimal(deltas: readonly Delta[]): readonly Delta[] {
  const said = Map.groupBy(
    deltas.filter(({ requester }) => requester.kind === "person"),
    ({ grant, sign, text }) => [grant.name, sign, text].join("\n"),
  );
  return deltas.filter(({ requester, grant, sign, text }) => {
    const others = said.get([grant.name, sign, text].join("\n")) ?? [];
    return !others.some(({ requester: other }) => isLess(other, requester));
  });
}

const isLess = (a: Delta["requester"], b: Delta["requester"]): boolean =>
  a.kind === "person" &&
  b.kind === "person" &&
  a.facts.length < b.facts.length &&
  a.facts.every((fact) => b.facts.includes(fact));

function labelAlike(pair: Pair, deltas: readonly Delta[]): readonly Labelled[] {
  const [first] = deltas;
  if (first === undefined) return [];
  const policy = first.sign === "-" ? pair.before : pair.after;
  const kind = kindOf(first.requester);
  if (kind === "anybody") return labelAnybody(policy, first.grant, deltas);
  const every = kind === "node" ? everyName(policy, deltas, first.grant) : undefined;
  if (deltas.length <= FEW && (every === undefined || deltas.length === 1 || first.sign !== "~"))
    return deltas.map((delta) => ({ who: ownName(delta), deltas: [delta], isOpen: false }));
  const who = every ?? namesOf(deltas);
  return [{ who, deltas, isOpen: true }];
}

/** What one requester is called. */
export function ownName({ requester }: Pick<Delta, "requester">): string {
  if (requester.kind === "node") return requester.node;
  const { principal, facts } = requester;
  const others = facts.filter((fact) => fact !== `kerberos:${principal ?? ""}`);
  if (principal === undefined) return `anybody in ${others.join(" and ")}`;
  return [principal, ...others].join(" with ");
}

/** What all of these nodes are and no others: those to which a grant goes, or that have a role. */
function everyName(policy: Policy, deltas: readonly Delta[], { to }: Grant): string | undefined {
  const names = new Set(deltas.flatMap(({ requester: r }) => (r.kind === "node" ? [r.node] : [])));
  const isAll = (roles: readonly string[]): boolean => {
    const of = [...policy.nodes.values()].filter((node) =>
      node.roles.some((role) => roles.includes(role)),
    );
    return of.length === names.size && of.every(({ name }) => names.has(name));
  };
  const count = `(${names.size})`;
  const recipients = to.names.map(({ text }) => text);
  if (isAll(recipients)) return `every ${recipients.join(", ")} ${count}`;
  const role = [...policy.roles.keys()].find((name) => isAll([name]));
  return role && `every ${role} ${count}`;
}

function namesOf(deltas: readonly Delta[]): string {
  const names = deltas.map(ownName);
  const more = names.length - FEW;
  return `${names.slice(0, FEW).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** `any of GROUP` where all ways into the group are concerned, else the way itself. */
function labelAnybody(policy: Policy, grant: Grant, deltas: readonly Delta[]): readonly Labelled[] {
  const keyOf = ({ requester }: Delta): string =>
    requester.kind === "person" ? requester.facts.join("\n") : "";
  const left = new Map(deltas.map((delta) => [keyOf(delta), delta]));
  const concerned = new Map(left);
  const groups = grant.to.names.flatMap(({ text }) => {
    const group = policy.people.get(text);
    const ways = (group === undefined ? [] : waysInto(group))
      .filter((facts) => !facts.some((fact) => fact.startsWith("kerberos:")))
      .map((facts) => facts.join("\n"));
    if (ways.length === 0 || !ways.every((way) => concerned.has(way))) return [];
    const own = ways.flatMap((way) => concerned.get(way) ?? []);
    for (const way of ways) left.delete(way);
    return [{ who: `any of ${text}`, deltas: own, isOpen: true }];
  });
  const others = [...left.values()].map((delta) => ({
    who: ownName(delta),
    deltas: [delta],
    isOpen: true,
  }));
  return [...groups, ...others];
}
