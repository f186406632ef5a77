import { subjectText } from "../../policy/identify.ts";
import { grantsOf } from "../../policy/grants.ts";
import type { Plan, Subject } from "../../policy/decision.ts";
import { Grants, type GrantOffer } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import { problemOf } from "../../protocol/problems.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import { formatTime } from "../time.ts";
import type { App } from "./app.ts";

export type GrantsDeps = {
  readonly authenticate: Authenticate;
  readonly policy: () => ActivePolicy;
  readonly now: () => number;
};

/** `GET /v1/grants` says what the caller may get, and why not the rest. */
export function grantsRoute(app: App, { authenticate, policy, now }: GrantsDeps): void {
  const schema = {
    summary: "What the caller may get",
    security: [{ node: [] }],
    response: { 200: Grants },
  };
  app.get(PATHS.grants, { schema }, async (request) => {
    const { subject } = await authenticate(request);
    return { now: formatTime(now()), ...describeGrants(policy(), subject) };
  });
}

function describeGrants({ policy }: ActivePolicy, subject: Subject): Omit<Grants, "now"> {
  const grants: GrantOffer[] = [];
  const refused: Grants["refused"] = [];
  for (const { grant, decision } of grantsOf(policy, subject)) {
    if (decision.verdict === "allow") grants.push(offerOf(decision.plan));
    else refused.push({ grant, problem: problemOf(decision.code, decision.detail) });
  }
  const node = subject.kind === "node" ? { node: subject.node } : {};
  return { subject: subjectText(subject), ...node, grants, refused };
}

function offerOf(plan: Plan): GrantOffer {
  const { grant, verb } = plan;
  switch (plan.verb) {
    case "fetch":
      return { grant, verb, file: plan.file };
    case "admit":
    case "operate":
      return { grant, verb };
    case "issue": {
      const { authority, lifetime, content } = plan;
      const common = { grant, verb, authority, lifetime, kind: content.kind, keys: [...plan.keys] };
      if (content.kind !== "tls") return { ...common, names: [...content.principals] };
      const names = [...content.dns, ...content.ip];
      return { ...common, cn: content.cn, o: [...content.o], names, usage: [...content.usage] };
    }
  }
}
