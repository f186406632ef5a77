import { decide } from "../../decide.ts";
import type { Ask, Decision, Plan, Policy, Subject } from "../../decision.ts";
import { grantsOf } from "../../grants.ts";
import { checkLimits } from "../../limits.ts";
import type { Grant } from "../../model.ts";
import { isGivenTo } from "../../standing.ts";
import { canonicalAddress } from "../../text/address.ts";
import { fieldsOf } from "../fields.ts";
import { wordFields } from "../wording.ts";
import type { Explanation } from "./explanation.ts";

/** The number of the step at which a request ended; 6 also when it came through. */
export type Stage = 1 | 3 | 4 | 5 | 6;

/** Asks `decide`. To admit nobody in particular is to ask for the right itself. */
export function outcomeOf(policy: Policy, subject: Subject, ask: Ask): Decision {
  const decision = decide(policy, subject, ask);
  const isBareAdmission =
    decision.verdict === "deny" &&
    decision.code === "policy.unknown_node" &&
    ask.node === undefined;
  if (!isBareAdmission || policy.grants.get(ask.grant)?.verb !== "admit") return decision;
  const held = grantsOf(policy, subject).find(({ grant }) => grant === ask.grant);
  return held?.decision ?? decision;
}

/** Where a decision ended, by the same questions that `decide` asks. */
export function stageOf(policy: Policy, subject: Subject, ask: Ask, decision: Decision): Stage {
  if (decision.verdict === "allow") return 6;
  if (isStranger(policy, subject, ask)) return 1;
  const grant = policy.grants.get(ask.grant);
  if (grant === undefined || !isGivenTo(policy, subject, grant)) return 3;
  if (decision.code === "policy.never") return 5;
  return subject.kind !== "root" && checkLimits(grant, ask) !== undefined ? 4 : 6;
}

function isStranger({ nodes }: Policy, subject: Subject, { from }: Ask): boolean {
  if (subject.kind !== "node") return false;
  const node = nodes.get(subject.node);
  if (node === undefined) return true;
  return (
    from !== undefined && node.address !== undefined && canonicalAddress(from) !== node.address
  );
}

/** What a plan gives, in the words of `between`. */
export function planText(plan: Plan, grant: Grant, between: string): string {
  const fields = fieldsOf({ plan, grant, bindings: {} }, "closed");
  const left = ["issue", "may-choose", "choose-at-most", "reason", "backdate", "keys"] as const;
  return wordFields(fields, between, left);
}

/** Of the grants that the subject holds, the one that is most like another; undefined when none is. */
export function nearestHeld(
  policy: Policy,
  subject: Subject,
  wanted: Grant | undefined,
): Explanation["instead"] {
  if (wanted === undefined) return undefined;
  const held = grantsOf(policy, subject).flatMap(({ grant: name, decision }) => {
    const grant = policy.grants.get(name);
    const likeness = grant === undefined ? 0 : likenessOf(grant, wanted);
    if (grant === undefined || decision.verdict === "deny" || grant === wanted) return [];
    return likeness === 0 ? [] : [{ grant, plan: decision.plan, likeness }];
  });
  const [best] = held.toSorted((a, b) => b.likeness - a.likeness);
  if (best === undefined) return undefined;
  const { grant, plan } = best;
  return { grant: grant.name, text: planText(plan, grant, ", "), place: grant.place };
}

/** 0: nothing alike; the same verb, the same kind of certificate, the same authority. */
function likenessOf(grant: Grant, wanted: Grant): number {
  if (grant.verb !== "issue" || wanted.verb !== "issue") return grant.verb === wanted.verb ? 1 : 0;
  if (grant.kind !== wanted.kind) return 0;
  return grant.authority.name === wanted.authority.name ? 2 : 1;
}
