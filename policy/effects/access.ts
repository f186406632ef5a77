import type { Policy } from "../decision.ts";
import { definitionLines } from "./access/definitions.ts";
import { untoldLines } from "./access/untold.ts";
import { fieldsOf, type View } from "./fields.ts";
import { blocksOf } from "./blocks.ts";
import { rowsOf, type Row, type Who } from "./rows.ts";
import { isPrincipal } from "./universe.ts";
import { wordFields, wordValues } from "./wording.ts";

/** With more nodes than these, nodes that differ in nothing but their own names share their lines. */
const FEW_NODES = 20;

/** The line above the others in a file: what it is and what makes it. */
export const ACCESS_HEADER =
  "# who gets what, one fact a line; written by  keyserver policy access --file POLICY";

/**
 * Who gets what, and everything that decides it, as sorted lines that stand in a file of their own
 * and change when access does: `any-of-users kube-user issue kubernetes CN=user:<user> O=…`,
 * `people: users from gitlab:hyades/members`, `never: masters-group o system:masters not root-admins`.
 *
 * Two policies have the same lines exactly when `diff` says nothing of them but tests. In larger
 * clusters nodes that get the same share their lines, in which `<node>`, `<fqdn>` and `<address>`
 * stand for their own values, and each node has a line that says so.
 */
export function accessOf(policy: Policy): readonly string[] {
  const rows = rowsOf(policy, () => true);
  const isLarge = policy.nodes.size > FEW_NODES;
  const people = rows.filter(({ who }) => who.kind !== "node").map(lineOf);
  const nodes = isLarge ? blocksOf(policy, rows) : nodeLines(policy, rows);
  const viewOf = (row: Row): View => (isLarge && row.who.kind === "node" ? "open" : ownViewOf(row));
  const others = [...untoldLines(policy, rows, viewOf), ...definitionLines(policy)];
  return [...people, ...nodes, ...others].toSorted();
}

const ownViewOf = ({ who }: Row): View => (who.kind === "group" ? "open" : "closed");

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

/** One line of a row. */
export function lineOf(row: Row): string {
  const { who, effect } = row;
  return `${whoWord(who)} ${effect.grant.name} ${wordFields(fieldsOf(effect, ownViewOf(row)), " ")}`;
}

function whoWord(who: Who): string {
  switch (who.kind) {
    case "node":
      return who.node;
    case "principal":
      return factsWord([`kerberos:${who.principal}`, ...who.facts]);
    case "group": {
      const ways = who.ways.map(factsWord).toSorted().join("|");
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
