import type { Policy } from "../../decision.ts";
import type { Requester } from "../universe.ts";

/**
 * Whether nothing on which a node's certificate depends is written otherwise than before: the node,
 * the grant with its authority, and the domain. Nearly all pairs are so, and need not be decided twice.
 *
 * Never rules and reserved names play no part: where one of them stands against what a grant gives to
 * a node, the policy does not pass its check. Of people, who are few, nothing is said.
 */
export function samenessOf({
  before,
  after,
}: {
  readonly before: Policy;
  readonly after: Policy;
}): (requester: Requester, grant: string) => boolean {
  if (before.cluster.domain !== after.cluster.domain) return () => false;
  const [grants, nodes] = [
    equalNames(before.grants, after.grants),
    equalNames(before.nodes, after.nodes),
  ];
  return (requester, grant) =>
    requester.kind === "node" && nodes.has(requester.node) && grants.has(grant);
}

/** Names under which both maps hold the same. */
function equalNames(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): ReadonlySet<string> {
  const same = [...after].filter(
    ([name, value]) => before.has(name) && meaning(before.get(name)) === meaning(value),
  );
  return new Set(same.map(([name]) => name));
}

/** A definition as text, without the places where it is written. */
const meaning = (value: unknown): string =>
  JSON.stringify(value, (key, part: unknown) => (/^place$|Place$/.test(key) ? undefined : part));
