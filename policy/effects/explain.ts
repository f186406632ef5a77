import type { Ask, Decision, Denial, Policy, Subject } from "../decision.ts";
import { subjectName, subjectText } from "../identify.ts";
import { factsOf } from "../membership.ts";
import type { Grant } from "../model.ts";
import { canonicalAddress, isInRange } from "../text/address.ts";
import { numberSteps, type Explanation, type Step } from "./explain/explanation.ts";
import { nearestHeld, outcomeOf, planText, stageOf, type Stage } from "./explain/outcome.ts";
import { recipientSteps } from "./explain/recipients.ts";

type Unnumbered = Omit<Step, "number">;

/** Says step by step why `decide` answers a request as it does. */
export function explain(policy: Policy, subject: Subject, ask: Ask): Explanation {
  const decision = outcomeOf(policy, subject, ask);
  const stage = stageOf(policy, subject, ask, decision);
  const grant = policy.grants.get(ask.grant);
  const steps = [
    identityStep(policy, subject),
    ...(stage === 1 ? [] : recipientSteps(policy, subject, grant)),
    ...(stage === 1 ? [] : [grantStep(ask.grant, subject, grant, stage)]),
    ...(grant === undefined || stage < 4
      ? []
      : laterSteps(policy, subject, grant, ask, decision, stage)),
  ];
  const head = {
    subject: subjectName(subject),
    grant: ask.grant,
    ...(ask.from !== undefined && { from: ask.from }),
    steps: numberSteps(steps),
  };
  if (decision.verdict === "allow") return { ...head, verdict: "allowed" };
  const instead = stage === 1 ? undefined : nearestHeld(policy, subject, grant);
  const stopped = { code: decision.code, text: stoppedText(subject, grant, ask, decision, stage) };
  return { ...head, verdict: "denied", stopped, ...(instead && { instead }) };
}

function identityStep(policy: Policy, subject: Subject): Unnumbered {
  const step = { what: "identity" } as const;
  if (subject.kind === "root") return { ...step, text: "root on the master" };
  if (subject.kind === "person") {
    const facts = [...factsOf(subject)];
    return {
      ...step,
      text: facts.length === 0 ? "nothing that the policy looks at" : facts.join(", "),
    };
  }
  const node = policy.nodes.get(subject.node);
  if (node === undefined) return { ...step, text: `${subjectText(subject)}: not in the policy` };
  const address = node.address === undefined ? "from anywhere" : `at ${node.address}`;
  return { ...step, text: `${subjectText(subject)} ${address}`, place: node.place };
}

function grantStep(
  name: string,
  subject: Subject,
  grant: Grant | undefined,
  stage: Stage,
): Unnumbered {
  const step = { what: "grant" } as const;
  if (grant === undefined) return { ...step, text: `${name} is not in the policy` };
  const to = grant.to.names.map(({ text }) => text).join(", ");
  if (subject.kind === "root" && stage !== 3)
    return {
      ...step,
      text: `${name} goes to ${to}, and to root on the master`,
      place: grant.place,
    };
  const result = stage === 3 ? "no match" : "matched";
  return { ...step, text: `${name} goes to ${to}: ${result}`, place: grant.place };
}

function stoppedText(
  subject: Subject,
  grant: Grant | undefined,
  { from }: Ask,
  { code, detail }: Denial,
  stage: Stage,
): string {
  if (grant === undefined || stage < 3) return detail;
  if (stage === 3) return notHeldText(subject, grant);
  if (code !== "policy.address" || from !== undefined) return detail;
  return `no address is given, and grant ${grant.name} is given only from ${grant.sourceAddress.map(({ text }) => text).join(", ")}`;
}

const notHeldText = (subject: Subject, { to }: Grant): string => {
  const names = to.names.map(({ text }) => text).join(" or ");
  if (subject.kind === "root") return "root on the master admits and operates, and nothing else";
  return subject.kind === "node" ? `not a ${names}` : `not in ${names}`;
};

/** What is looked at once the grant is held. */
function laterSteps(
  policy: Policy,
  subject: Subject,
  grant: Grant,
  ask: Ask,
  decision: Decision,
  stage: Stage,
): readonly Unnumbered[] {
  const steps: Unnumbered[] = [];
  const limits =
    stage === 4 && decision.verdict === "deny" ? decision.detail : limitsText(subject, grant, ask);
  if (limits !== "") steps.push({ what: "limits", text: limits, place: grant.place });
  if (stage === 4) return steps;
  if (stage === 5 || decision.verdict === "allow") steps.push(neverStep(policy, subject, decision));
  if (decision.verdict === "deny") return steps;
  const { plan } = decision;
  const text = planText(plan, grant, "  ");
  return [
    ...steps,
    plan.verb === "issue"
      ? { what: "issues", text: `${plan.authority}  ${text}` }
      : { what: "gives", text },
  ];
}

function neverStep({ never }: Policy, subject: Subject, decision: Decision): Unnumbered {
  if (subject.kind === "root")
    return { what: "never", text: "no rule speaks of root on the master" };
  const checked = `${never.length} rules checked`;
  if (decision.verdict === "allow") return { what: "never", text: `${checked}, none applies` };
  const rule = never.find(({ place }) => place.line === decision.line);
  const text = rule === undefined ? decision.detail : `${checked}, ${rule.id} forbids it`;
  return { what: "never", text, ...(rule && { place: rule.place }) };
}

/** The limits that a request has kept; what people type in is taken as given. */
function limitsText(subject: Subject, grant: Grant, { from, choose = [], lifetime }: Ask): string {
  if (subject.kind === "root") return "";
  const address = from === undefined ? undefined : canonicalAddress(from);
  const range = grant.sourceAddress.find((one) => address !== undefined && isInRange(address, one));
  return [
    ...(range === undefined ? [] : [`${address} is in ${range.text}`]),
    ...(grant.reasonRequired ? ["a reason has to be given"] : []),
    ...(choose.length === 0 ? [] : [`may choose ${choose.join(", ")}`]),
    ...(lifetime === undefined ? [] : [`${lifetime} s are not too long`]),
  ].join("; ");
}
