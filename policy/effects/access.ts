import type { Policy } from "../decision.ts";
import { fieldsOf } from "./fields.ts";
import { blocksOf } from "./blocks.ts";
import { rowsOf, type Row, type Who } from "./rows.ts";
import { isPrincipal, waysInto } from "./universe.ts";
import { wordFields, wordValues } from "./wording.ts";

/** With more nodes than these, nodes that differ in nothing but their own names share their lines. */
const FEW_NODES = 20;

/**
 * Who gets what, as sorted lines that stand in a file of their own and change when access does:
 * `any-of-users kube-user issue kubernetes CN=user:<user> O=cluster-users client 12h …`, and for
 * each way to be somebody `any-of-users is gitlab:hyades/members+ldap:active`.
 *
 * Nothing is left out. In larger clusters nodes that get the same share their lines, in which
 * `<node>`, `<fqdn>` and `<address>` stand for their own values, and each node has a line that says so.
 */
export function accessOf(policy: Policy): readonly string[] {
  const rows = rowsOf(policy, () => true);
  const isLarge = policy.nodes.size > FEW_NODES;
  const people = rows.filter(({ who }) => who.kind !== "node").map(lineOf);
  const nodes = isLarge ? blocksOf(policy, rows) : nodeLines(policy, rows);
  return [...people, ...wayLines(policy), ...nodes].toSorted();
}

const nodeLines = ({ nodes }: Policy, rows: readonly Row[]): readonly string[] => [
  ...rows.filter(({ who }) => who.kind === "node").map(lineOf),
  ...[...nodes.values()].map(({ name, roles, address }) =>
    [
      name,
      "is",
      roles.toSorted().join("+"),
      ...(address === undefined ? [] : ["at", address]),
    ].join(" "),
  ),
];

const wayLines = ({ people }: Policy): readonly string[] =>
  [...people.values()].flatMap((group) =>
    waysInto(group).map((facts) => {
      const way = factsWord(facts);
      return facts.some(isPrincipal) ? `${way} is ${group.name}` : `any-of-${group.name} is ${way}`;
    }),
  );

/** One line of a row. */
export function lineOf({ who, effect }: Row): string {
  const view = who.kind === "group" ? "open" : "closed";
  return `${whoWord(who)} ${effect.grant.name} ${wordFields(fieldsOf(effect, view), " ")}`;
}

function whoWord(who: Who): string {
  switch (who.kind) {
    case "node":
      return who.node;
    case "principal":
      return factsWord([`kerberos:${who.principal}`, ...who.facts]);
    case "group": {
      const ways = who.ways.map(factsWord).join("|");
      return who.isWhole ? `any-of-${who.group}` : `any-of-${who.group}(${ways})`;
    }
  }
}

/** Facts as one word; a principal comes first, without the source that every other fact begins with. */
const factsWord = (facts: readonly string[]): string =>
  facts
    .toSorted((a, b) => Number(isPrincipal(b)) - Number(isPrincipal(a)))
    .map((fact) => wordValues([isPrincipal(fact) ? fact.slice("kerberos:".length) : fact]))
    .join("+");
