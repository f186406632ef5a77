import type { Policy } from "../../decision.ts";
import type { Requester } from "../universe.ts";

/**
 * Whether nothing that `decide` looks at for a node and a grant is written otherwise than before:
 * the node, the grant with its authority, and what every decision looks at. Nearly all pairs are so,
 * and need not be decided twice. Of people, who are few, nothing is said.
 */
export function samenessOf({
  before,
  after,
}: {
  readonly before: Policy;
  readonly after: Policy;
}): (requester: Requester, grant: string) => boolean {
  if (meaning(worldOf(before)) !== meaning(worldOf(after))) return () => false;
  const [grants, nodes] = [
    equalNames(before.grants, after.grants),
    equalNames(before.nodes, after.nodes),
  ];
  return (requester, grant) =>
    requester.kind === "node" && nodes.has(requester.node) && grants.has(grant);
}

/** What a decision about any node looks at. */
const worldOf = ({ cluster, never, reserved }: Policy): object => ({
  domain: cluster.domain,
  realm: cluster.realm,
  never,
  reserved: [...reserved.keys()].toSorted(),
});

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
