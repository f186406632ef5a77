import { nodeBindings, personBindings } from "../build/bindings.ts";
import type { Plan, Policy } from "../decision.ts";
import type { Grant } from "../model.ts";
import { findStanding, isGivenTo } from "../standing.ts";
import type { Bindings } from "../text/template.ts";
import type { Requester } from "./universe.ts";

/** What a requester gets of a grant: the plan that `decide` makes, and the grant with its limits. */
export type Effect = {
  readonly requester: Requester;
  readonly grant: Grant;
  readonly plan: Plan;
  /** What the variables of the plan's names stand for. */
  readonly bindings: Bindings;
};

/** What a requester is allowed of the grants that are wanted, by their names; limits of a request aside. */
export function effectsOf(
  policy: Policy,
  requester: Requester,
  isWanted: (grant: string) => boolean = () => true,
): ReadonlyMap<string, Effect> {
  const effects = new Map<string, Effect>();
  for (const grant of candidatesFor(policy, requester)) {
    if (!isWanted(grant.name)) continue;
    const effect = effectOf(policy, requester, grant);
    if (effect !== undefined) effects.set(grant.name, effect);
  }
  return effects;
}

/** A policy is never changed, so which grants go to nodes of some roles is looked up once. */
const remembered = new WeakMap<Policy, Map<string, readonly Grant[]>>();

/** The grants that a requester may hold, in the order of the file; of a node those that go to its roles. */
function candidatesFor(policy: Policy, { subject }: Requester): Iterable<Grant> {
  if (subject.kind !== "node") return policy.grants.values();
  const known = remembered.get(policy) ?? new Map<string, readonly Grant[]>();
  remembered.set(policy, known);
  const key = policy.nodes.get(subject.node)?.roles.join(",") ?? "";
  const found =
    known.get(key) ??
    [...policy.grants.values()].filter((grant) => isGivenTo(policy, subject, grant));
  known.set(key, found);
  return found;
}

/** What a requester gets of one grant; undefined where it is denied. */
export function effectOf(policy: Policy, requester: Requester, grant: Grant): Effect | undefined {
  const { subject } = requester;
  // Most grants go to others, and the sentences that say so would be made for nothing.
  if (!isGivenTo(policy, subject, grant)) return undefined;
  // Not remembered: a large cluster's plans are looked at once each, and need not be kept.
  const { decision } = findStanding(policy, subject, grant);
  if (decision.verdict === "deny") return undefined;
  return { requester, grant, plan: decision.plan, bindings: bindingsOf(policy, requester) };
}

/** The values of a requester's variables under a policy. */
export function bindingsOf({ nodes, cluster }: Policy, { subject }: Requester): Bindings {
  if (subject.kind === "person") return personBindings(subject, cluster);
  const node = subject.kind === "node" ? nodes.get(subject.node) : undefined;
  return node === undefined ? {} : nodeBindings(node, cluster);
}
