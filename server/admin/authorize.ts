import { decide } from "../../policy/decide.ts";
import { grantsOf } from "../../policy/grants.ts";
import type { Policy } from "../../policy/decision.ts";
import { printable, subjectName } from "../../policy/identify.ts";
import type { Grant } from "../../policy/model.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { Caller } from "../authenticate/caller.ts";
import { denialError } from "../issue/denial.ts";

/** What an operator wants to do; the policy's `operate` grants name these. */
export type OperateAction = "revoke" | "audit" | "apply";

/** Seconds for which a join string made by root on the master is good, when nothing is said and at most. */
const ROOT_TOKEN = { usual: 3600, most: 86_400 } as const;

/**
 * Checks that `subject` may operate. Root on the master always may: that is the way in when nothing else works.
 *
 * @throws KeysystemError `auth.forbidden`
 */
export function requireOperate(policy: Policy, caller: Caller, action: OperateAction): void {
  if (caller.subject.kind === "root") return;
  const { subject, from } = caller;
  const held = grantsOf(policy, subject)
    .filter(({ decision }) => decision.verdict === "allow" && decision.plan.verb === "operate")
    // The limits of a request count too: where it comes from.
    .map(({ grant }) =>
      decide(policy, subject, { grant, ...(from === undefined ? {} : { from }) }),
    );
  const isAllowed = held.some(
    (answer) =>
      answer.verdict === "allow" &&
      answer.plan.verb === "operate" &&
      answer.plan.actions.includes(action),
  );
  if (isAllowed) return;
  const denied = held.find(({ verdict }) => verdict === "deny");
  if (denied?.verdict === "deny") throw new KeysystemError(denied.code, denied.detail);
  throw forbidden(
    policy,
    caller,
    [...policy.grants.values()].filter(
      (grant) => grant.verb === "operate" && grant.actions.some(({ text }) => text === action),
    ),
    `no grant lets ${subjectName(caller.subject)} operate (${action})`,
  );
}

/** Who could, so that a person knows whom to ask: `; grant admit goes to root-admins`. */
const recipients = (grants: readonly Grant[]): string =>
  grants
    .map(({ name, to }) => {
      const names = to.names.map(({ text }) => text);
      return `; grant ${name} goes to ${names.join(" or ")}`;
    })
    .join("");

/** A refusal, unless a directory that is silent could still give one of the grants that would do. */
function forbidden(
  policy: Policy,
  caller: Caller,
  grants: readonly Grant[],
  detail: string,
): KeysystemError {
  const denial = { code: "policy.not_granted", detail } as const;
  const undecided = grants
    .map(({ name }) => denialError(policy, caller, name, denial))
    .find(({ code }) => code === "directory.unavailable");
  return undecided ?? new KeysystemError("auth.forbidden", `${detail}${recipients(grants)}`);
}

/** What an admission asks: `ttl` in seconds. */
export type Admission = { readonly node: string; readonly ttl?: number; readonly reason?: string };

/**
 * Seconds for which a join string for `node` may be good.
 *
 * @throws KeysystemError `policy.unknown_node`, or the nearest refusal
 */
export function admissionLifetime(policy: Policy, caller: Caller, admission: Admission): number {
  const { node, ttl } = admission;
  if (!policy.nodes.has(node)) {
    const detail = `the policy names no node ${printable(node)}; add it under nodes: in policy.yaml first`;
    throw new KeysystemError("policy.unknown_node", detail);
  }
  const { usual, most } =
    caller.subject.kind === "root" ? ROOT_TOKEN : admitGrant(policy, caller, admission);
  const wanted = ttl ?? usual;
  if (wanted <= most) return wanted;
  const detail = `${wanted} s is longer than the ${most} s for which the caller may make a join string`;
  throw new KeysystemError("policy.lifetime_too_long", detail);
}

/** The grant that gives the longest; what its request has to fulfil (reason, address) counts here too. */
function admitGrant(
  policy: Policy,
  caller: Caller,
  { node, reason }: Admission,
): { usual: number; most: number } {
  const { subject, from } = caller;
  const ask = {
    node,
    ...(from === undefined ? {} : { from }),
    ...(reason === undefined ? {} : { reason }),
  };
  const held = grantsOf(policy, subject).filter(
    ({ decision }) => decision.verdict === "allow" && decision.plan.verb === "admit",
  );
  const answers = held.map(({ grant }) => decide(policy, subject, { ...ask, grant }));
  const lifetimes = answers.flatMap((answer) =>
    answer.verdict === "allow" && answer.plan.verb === "admit" ? [answer.plan.tokenLifetime] : [],
  );
  if (lifetimes.length > 0) {
    const most = Math.max(...lifetimes);
    return { usual: most, most };
  }
  const roles = policy.nodes.get(node)?.roles ?? [];
  const enough = [...policy.grants.values()].filter(
    (grant) =>
      grant.verb === "admit" &&
      roles.every((role) => grant.admit.some(({ text }) => text === role)),
  );
  const detail = `no grant lets ${subjectName(subject)} admit ${node}`;
  const refusal = forbidden(policy, caller, enough, detail);
  const denied = answers.find(({ verdict }) => verdict === "deny");
  // What a silent directory could still give comes before what was refused for its own reasons.
  if (refusal.code === "directory.unavailable" || denied?.verdict !== "deny") throw refusal;
  throw new KeysystemError(denied.code, denied.detail);
}
