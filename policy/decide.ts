import type { Ask, Decision, Denial, Policy, Subject } from "./decision.ts";
import { planFor } from "./build/plan.ts";
import { checkLimits, longestLifetime } from "./limits.ts";
import type { Grant } from "./model.ts";
import { refuseAddress, refuseUnknownGrant, refuseUnknownNode } from "./refusals.ts";
import { findStanding, standingOfNode } from "./standing.ts";
import { canonicalAddress } from "./text/address.ts";

/**
 * Decides whether `subject` gets what it asks for.
 *
 * The request names one grant; a grant that is not given to the subject is denied, and there is no
 * other way to be allowed. Pure and total: no clock, directory or randomness, so that a logged
 * decision can be replayed exactly. A node that asks without choices gets the same plan object
 * each time, so that what is worked out from it can be kept with it.
 */
export function decide(policy: Policy, subject: Subject, ask: Ask): Decision {
  const stranger = subject.kind === "node" ? refuseStranger(policy, subject.node, ask) : undefined;
  if (stranger !== undefined) return stranger;
  const grant = policy.grants.get(ask.grant);
  if (grant === undefined) return refuseUnknownGrant(policy, ask.grant);
  const standing =
    subject.kind === "node"
      ? standingOfNode(policy, subject.node, grant)
      : findStanding(policy, subject, grant);
  if (!standing.isHeld) return standing.decision;
  const limit = subject.kind === "root" ? undefined : checkLimits(grant, ask);
  if (limit !== undefined) return limit;
  return hasChoices(grant, ask)
    ? planFor({ model: policy, subject, grant }, ask)
    : standing.decision;
}

/** A node is known by its certificate, which names it, and by its address. */
function refuseStranger(policy: Policy, name: string, { from }: Ask): Denial | undefined {
  const node = policy.nodes.get(name);
  if (node === undefined) return refuseUnknownNode(name);
  if (from === undefined || node.address === undefined || from === node.address) return undefined;
  return canonicalAddress(from) === node.address ? undefined : refuseAddress(node, from);
}

/** Whether the answer depends on more than who asks for which grant. */
function hasChoices(grant: Grant, { lifetime, choose }: Ask): boolean {
  if (grant.verb === "admit" || (choose !== undefined && choose.length > 0)) return true;
  return lifetime !== undefined && lifetime !== longestLifetime(grant);
}
