import { decide } from "../../policy/decide.ts";
import { grantsOf } from "../../policy/grants.ts";
import type { Policy, Subject } from "../../policy/decision.ts";
import { KeysystemError } from "../../protocol/problems.ts";

/** What an operator wants to do; the policy's `operate` grants name these. */
export type OperateAction = "revoke" | "audit" | "apply";

/** Seconds for which a join string made by root on the master is good, when nothing is said and at most. */
const ROOT_TOKEN = { usual: 3600, most: 86_400 } as const;

/**
 * Checks that `subject` may operate. Root on the master always may: that is the way in when nothing else works.
 *
 * @throws KeysystemError `auth.forbidden`
 */
export function requireOperate(policy: Policy, subject: Subject, action: OperateAction): void {
  if (subject.kind === "root") return;
  const allowed = grantsOf(policy, subject).some(
    ({ decision }) =>
      decision.verdict === "allow" &&
      decision.plan.verb === "operate" &&
      decision.plan.actions.includes(action),
  );
  if (allowed) return;
  throw new KeysystemError("auth.forbidden", `no grant lets the caller operate (${action})`);
}

/**
 * Seconds for which a join string for `node` may be good.
 *
 * @throws KeysystemError `policy.unknown_node`, or the nearest refusal
 */
export function admissionLifetime(
  policy: Policy,
  subject: Subject,
  { node, ttl }: { readonly node: string; readonly ttl?: number },
): number {
  if (!policy.nodes.has(node)) {
    const detail = `the policy names no node ${node}; add it under nodes: in policy.yaml first`;
    throw new KeysystemError("policy.unknown_node", detail);
  }
  const { usual, most } = subject.kind === "root" ? ROOT_TOKEN : admitGrant(policy, subject, node);
  const wanted = ttl ?? usual;
  if (wanted <= most) return wanted;
  const detail = `${wanted} s is longer than the ${most} s for which the caller may make a join string`;
  throw new KeysystemError("policy.lifetime_too_long", detail);
}

function admitGrant(
  policy: Policy,
  subject: Subject,
  node: string,
): { usual: number; most: number } {
  for (const { grant, decision } of grantsOf(policy, subject)) {
    if (decision.verdict === "deny" || decision.plan.verb !== "admit") continue;
    const admission = decide(policy, subject, { grant, node });
    if (admission.verdict === "deny" || admission.plan.verb !== "admit") continue;
    const { tokenLifetime } = admission.plan;
    return { usual: tokenLifetime, most: tokenLifetime };
  }
  throw new KeysystemError("auth.forbidden", `no grant lets the caller admit ${node}`);
}
