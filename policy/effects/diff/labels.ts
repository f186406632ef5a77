import type { Policy } from "../../decision.ts";
import type { Grant } from "../../model.ts";
import { waysInto } from "../universe.ts";
import { everyNode, FEW, nameSome } from "../naming.ts";
import type { Delta, Pair } from "./deltas.ts";

/** Deltas that say the same, under the name that they have in common. */
export type Labelled = {
  readonly who: string;
  readonly deltas: readonly Delta[];
  readonly isOpen: boolean;
};

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
  const every = kind === "node" ? everyNode(policy, nodesOf(deltas), first.grant) : undefined;
  if (deltas.length <= FEW && (every === undefined || deltas.length === 1 || first.sign !== "~"))
    return deltas.map((delta) => ({ who: ownName(delta), deltas: [delta], isOpen: false }));
  const who = every ?? nameSome(deltas.map(ownName));
  return [{ who, deltas, isOpen: true }];
}

const nodesOf = (deltas: readonly Delta[]): readonly string[] =>
  deltas.flatMap(({ requester }) => (requester.kind === "node" ? [requester.node] : []));

/** What one requester is called. */
export function ownName({ requester }: Pick<Delta, "requester">): string {
  if (requester.kind === "node") return requester.node;
  const { principal, facts } = requester;
  const others = facts.filter((fact) => fact !== `kerberos:${principal ?? ""}`);
  if (principal === undefined) return `anybody in ${others.join(" and ")}`;
  return [principal, ...others].join(" with ");
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
