import { subjectText } from "../../policy/identify.ts";
import { grantsOf } from "../../policy/grants.ts";
import type { Decision, Plan, Policy } from "../../policy/decision.ts";
import { personBindings } from "../../policy/build/bindings.ts";
import { groupsHeld } from "../../policy/facts.ts";
import { bind, firstVariable, partsText } from "../../policy/text/template.ts";
import { type GrantOffer, Grants, type RefusedGrant } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import { toProblem } from "../../protocol/problems.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import type { Caller } from "../authenticate/caller.ts";
import type { Inform } from "../authenticate/inform.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import { denialError } from "../issue/denial.ts";
import { formatTime } from "../time.ts";
import type { App } from "./app.ts";

export type GrantsDeps = {
  readonly authenticate: Authenticate;
  readonly inform: Inform;
  readonly policy: () => ActivePolicy;
  readonly now: () => number;
};

/** `GET /v1/grants` says what the caller may get, and why not the rest. */
export function grantsRoute(app: App, { authenticate, inform, policy, now }: GrantsDeps): void {
  const schema = {
    summary: "What the caller may get",
    security: [{ node: [] }, { kerberos: [] }, { password: [] }],
    response: { 200: Grants },
  };
  app.get(PATHS.grants, { schema }, async (request) => {
    const caller = await authenticate(request);
    const { policy: current } = policy();
    const informed = await inform(caller, [...current.grants.keys()]);
    return { now: formatTime(now()), ...describeGrants(current, informed) };
  });
}

function describeGrants(policy: Policy, caller: Caller): Omit<Grants, "now"> {
  const { subject, directories } = caller;
  const grants: GrantOffer[] = [];
  const refused: RefusedGrant[] = [];
  for (const { grant, decision } of grantsOf(policy, subject)) {
    if (decision.verdict === "allow") grants.push(offerOf(policy, decision.plan));
    else refused.push(refusalOf(policy, caller, grant, decision));
  }
  const node = subject.kind === "node" ? { node: subject.node } : {};
  const person =
    subject.kind === "person"
      ? { groups: [...groupsHeld(policy, subject)], directories: [...(directories ?? [])] }
      : {};
  return { subject: subjectText(subject), ...node, grants, refused, ...person };
}

function refusalOf(
  policy: Policy,
  caller: Caller,
  name: string,
  denial: Extract<Decision, { readonly verdict: "deny" }>,
): RefusedGrant {
  const problem = toProblem(denialError(policy, caller, name, denial));
  const grant = policy.grants.get(name);
  // Nodes are told by the name of the grant alone; only people look for what they lack.
  if (grant === undefined || caller.subject.kind !== "person") return { grant: name, problem };
  const missing = denial.nearest?.missing ?? [];
  const head = {
    grant: name,
    problem,
    verb: grant.verb,
    to: grant.to.names.map(({ text }) => text),
    missing: [...missing],
  };
  if (grant.verb !== "issue") return head;
  const issue = { ...head, authority: grant.authority.name, kind: grant.kind };
  if (grant.kind !== "ssh-user") return issue;
  const bindings = personBindings(caller.subject, policy.cluster);
  const named = [...grant.principals, ...grant.mayChoose]
    .map(({ parts }) => bind(parts, bindings))
    .filter((parts) => firstVariable(parts) === undefined);
  return { ...issue, names: named.map(partsText) };
}

function offerOf(policy: Policy, plan: Plan): GrantOffer {
  const { grant, verb } = plan;
  const limits = limitsOf(policy, grant);
  switch (plan.verb) {
    case "fetch":
      return { grant, verb, ...limits, file: plan.file };
    case "admit":
      return { grant, verb, ...limits, admits: [...plan.roles], tokenLifetime: plan.tokenLifetime };
    case "operate":
      return { grant, verb, ...limits, actions: [...plan.actions] };
    case "issue": {
      const { authority, lifetime, content } = plan;
      const { kind } = content;
      const common = { grant, verb, ...limits, authority, lifetime, kind, keys: [...plan.keys] };
      if (content.kind !== "tls") return { ...common, ...sshOffer(policy, grant, content) };
      const names = [...content.dns, ...content.ip];
      return { ...common, cn: content.cn, o: [...content.o], names, usage: [...content.usage] };
    }
  }
}

/** What a request has to bring, or be, besides coming from the right one. */
function limitsOf(policy: Policy, name: string): Pick<GrantOffer, "reason" | "sourceAddress"> {
  const grant = policy.grants.get(name);
  if (grant === undefined) return {};
  const { reasonRequired, sourceAddress } = grant;
  return {
    ...(reasonRequired ? { reason: "required" as const } : {}),
    ...(sourceAddress.length > 0 ? { sourceAddress: sourceAddress.map(({ text }) => text) } : {}),
  };
}

function sshOffer(
  policy: Policy,
  name: string,
  { principals, extensions, forceCommand }: SshPlan,
): Partial<GrantOffer> {
  const grant = policy.grants.get(name);
  const names = [...principals];
  if (grant?.verb !== "issue" || grant.kind !== "ssh-user") return { names };
  const { mayChoose, chooseAtMost } = grant;
  return {
    names,
    extensions: [...extensions],
    ...(forceCommand === undefined ? {} : { forceCommand }),
    ...(mayChoose.length > 0 ? { mayChoose: mayChoose.map(({ text }) => text), chooseAtMost } : {}),
  };
}

type SshPlan = {
  readonly principals: readonly string[];
  readonly extensions: readonly string[];
  readonly forceCommand?: string;
};
