import { seal, type Ask, type Decision, type Plan, type Subject } from "../decision.ts";
import { subjectText } from "../identify.ts";
import { identitiesOf } from "../membership.ts";
import type { AdmitGrant, Grant, IssueGrant, Model } from "../model.ts";
import { givenByPlan } from "../never/given.ts";
import { findHit } from "../never/match.ts";
import { refuse, refuseFailure, refuseNever, refuseUnknownNode } from "../refusals.ts";
import type { Bindings } from "../text/template.ts";
import { nodeBindings, personBindings } from "./bindings.ts";
import { buildContent, isFailure } from "./content.ts";

/** A grant in the hands of a subject to whom it goes. */
export type Claim = { readonly model: Model; readonly subject: Subject; readonly grant: Grant };

/** The choices of a request, after {@link checkLimits} found them within the grant. */
export type Choices = Pick<Ask, "lifetime" | "choose" | "node">;

/** Builds the plan and holds every never rule against it. */
export function planFor(claim: Claim, choices: Choices): Decision {
  const { grant } = claim;
  switch (grant.verb) {
    case "issue":
      return planIssue(claim, grant, choices);
    case "fetch":
      return judge(claim, seal({ verb: "fetch", grant: grant.name, file: grant.file.text }));
    case "admit":
      return planAdmit(claim, grant, choices);
    case "operate": {
      const actions = grant.actions.map(({ text }) => text);
      return judge(claim, seal({ verb: "operate", grant: grant.name, actions }));
    }
  }
}

function planIssue(claim: Claim, grant: IssueGrant, { lifetime, choose = [] }: Choices): Decision {
  const { model, subject } = claim;
  const from = {
    bindings: bindingsOf(claim),
    reserved: model.reserved,
    subject: subjectText(subject),
    chosen: choose,
  };
  const content = buildContent(grant, from);
  if (isFailure(content)) return refuseFailure(subject, grant, content);
  const { name: authority, backdate, keys } = grant.authority;
  const head = { verb: "issue", grant: grant.name, authority, backdate, keys } as const;
  return judge(claim, seal({ ...head, lifetime: lifetime ?? grant.lifetime, content }));
}

function bindingsOf({ model, subject }: Claim): Bindings {
  if (subject.kind === "person") return personBindings(subject, model.cluster);
  const node = subject.kind === "node" ? model.nodes.get(subject.node) : undefined;
  return node === undefined ? {} : nodeBindings(node, model.cluster);
}

/** A node is admitted by a grant that lists all of its roles. */
function planAdmit(claim: Claim, grant: AdmitGrant, { node: name, lifetime }: Choices): Decision {
  const node = claim.model.nodes.get(name ?? "");
  if (node === undefined) return refuseUnknownNode(name ?? "");
  const roles = grant.admit.map(({ text }) => text);
  const foreign = node.roles.find((role) => !roles.includes(role));
  if (foreign !== undefined) {
    const detail = `${node.name} is ${foreign}, and grant ${grant.name} admits ${roles.join(", ")}`;
    return refuse("policy.not_granted", detail, grant.place.line);
  }
  const tokenLifetime = lifetime ?? grant.tokenLifetime;
  return judge(
    claim,
    seal({ verb: "admit", grant: grant.name, node: node.name, roles, tokenLifetime }),
  );
}

/** Whether the subject may admit a node of some role, and of which: the plan's `roles`. */
export function planSomeAdmission(claim: Claim, grant: AdmitGrant): Decision {
  const decisions = grant.admit.map(({ text }) => {
    const plan = {
      verb: "admit",
      grant: grant.name,
      node: "",
      roles: [text],
      tokenLifetime: grant.tokenLifetime,
    } as const;
    return judge(claim, seal(plan));
  });
  const [first] = decisions.toSorted(
    (a, b) => Number(a.verdict === "deny") - Number(b.verdict === "deny"),
  );
  if (first?.verdict !== "allow")
    return (
      first ?? refuse("policy.not_granted", `grant ${grant.name} admits no role`, grant.place.line)
    );
  const roles = decisions.flatMap((decision) =>
    decision.verdict === "allow" && decision.plan.verb === "admit" ? decision.plan.roles : [],
  );
  const plan = {
    verb: "admit",
    grant: grant.name,
    node: "",
    roles,
    tokenLifetime: grant.tokenLifetime,
  } as const;
  return { verdict: "allow", plan: seal(plan), line: grant.place.line };
}

/** Root on the master is there to let people back in: no rule about people or nodes speaks of it. */
function judge({ model, subject, grant }: Claim, plan: Plan): Decision {
  const { line } = grant.place;
  if (subject.kind === "root") return { verdict: "allow", plan, line };
  const given = givenByPlan(plan, model, grant.place);
  const hit = findHit(model.never, identitiesOf(model, subject), given);
  return hit === undefined ? { verdict: "allow", plan, line } : refuseNever(grant.name, hit);
}
