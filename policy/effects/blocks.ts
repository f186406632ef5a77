import type { Policy } from "../decision.ts";
import { fieldsOf } from "./fields.ts";
import type { Row } from "./rows.ts";
import { wordFields } from "./wording.ts";

/**
 * The lines of nodes where those that get the same share them: `every-worker kubelet …` once, and
 * `w1 is every-worker at 10.18.60.21` for each. Of several kinds with the same roles the second is
 * `every-worker#2`, and so on, in the order of their nodes' names.
 */
export function blocksOf(policy: Policy, rows: readonly Row[]): readonly string[] {
  const linesOf = new Map<string, string[]>();
  for (const { who, effect } of rows) {
    if (who.kind !== "node") continue;
    const lines = linesOf.get(who.node) ?? [];
    lines.push(`${effect.grant.name} ${wordFields(fieldsOf(effect, "open"), " ")}`);
    linesOf.set(who.node, lines);
  }
  const blocks = new Map<string, Map<string, string>>();
  const nodes = [...policy.nodes.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return nodes.flatMap(({ name, roles, address }) => {
    const kind = `every-${roles.toSorted().join("+")}`;
    const lines = linesOf.get(name) ?? [];
    const kinds = blocks.get(kind) ?? new Map<string, string>();
    blocks.set(kind, kinds);
    const key = lines.toSorted().join("\n");
    const known = kinds.get(key);
    const block = known ?? (kinds.size === 0 ? kind : `${kind}#${kinds.size + 1}`);
    kinds.set(key, block);
    const own = known === undefined ? lines.map((line) => `${block} ${line}`) : [];
    return [...own, `${name} is ${block}${address === undefined ? "" : ` at ${address}`}`];
  });
}
