import type { Policy } from "../decision.ts";
import { fieldsOf } from "./fields.ts";
import { blocksOf } from "./blocks.ts";
import { rowsOf, type Row, type Who } from "./rows.ts";
import { wordFields, wordValues } from "./wording.ts";

/** With more nodes than these, nodes that differ in nothing but their own names share their lines. */
const FEW_NODES = 20;

/**
 * Who gets what, as sorted lines that stand in a file of their own and change when access does:
 * `any-of-users kube-user issue kubernetes CN=user:<user> O=cluster-users client 12h …`.
 *
 * Nothing is left out. In larger clusters nodes that get the same share their lines, in which
 * `<node>`, `<fqdn>` and `<address>` stand for their own values, and each node has a line that says so.
 */
export function accessOf(policy: Policy): readonly string[] {
  const rows = rowsOf(policy, () => true);
  const isLarge = policy.nodes.size > FEW_NODES;
  const people = rows.filter(({ who }) => who.kind !== "node").map(lineOf);
  const nodes = isLarge
    ? blocksOf(policy, rows)
    : rows.filter(({ who }) => who.kind === "node").map(lineOf);
  return [...people, ...nodes].toSorted();
}

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
      return [who.principal, ...who.facts].map((fact) => wordValues([fact])).join("+");
    case "group": {
      const ways = who.ways.map((facts) => facts.map((fact) => wordValues([fact])).join("+"));
      return who.isWhole ? `any-of-${who.group}` : `any-of-${who.group}(${ways.join("|")})`;
    }
  }
}
