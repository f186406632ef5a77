import type { Decision, Policy, Subject } from "./decision.ts";
import { refuseUnknownNode } from "./refusals.ts";
import { findStanding, standingOfNode } from "./standing.ts";

/**
 * What `subject` gets of every grant, in the order of the file.
 *
 * The limits of a request (source address, reason) are left out of account. Of a grant to admit,
 * allowed means: nodes of at least one role, which the plan lists.
 */
export function grantsOf(
  policy: Policy,
  subject: Subject,
): readonly { readonly grant: string; readonly decision: Decision }[] {
  const isStranger = subject.kind === "node" && !policy.nodes.has(subject.node);
  return [...policy.grants.values()].map((grant) => {
    if (isStranger) return { grant: grant.name, decision: refuseUnknownNode(subject.node) };
    const standing =
      subject.kind === "node"
        ? standingOfNode(policy, subject.node, grant)
        : findStanding(policy, subject, grant);
    return { grant: grant.name, decision: standing.decision };
  });
}
