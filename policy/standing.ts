import type { Decision, Subject } from "./decision.ts";
import { planFor, planSomeAdmission } from "./build/plan.ts";
import { factsOf, missingFor } from "./membership.ts";
import type { Grant, Model } from "./model.ts";
import { refuseNotGranted } from "./refusals.ts";

/** Where a subject stands towards a grant, all limits of a request aside. */
export type Standing = {
  readonly grant: Grant;
  /** Whether the grant goes to the subject at all. */
  readonly isHeld: boolean;
  /** What a request without any choice gets; an admission names no node. */
  readonly decision: Decision;
};

/** A policy is never changed, so what it gives a node is found once. At most nodes × grants entries. */
const remembered = new WeakMap<Model, Map<string, Map<string, Standing>>>();

/** The standing of a node that the policy names; the same object each time. */
export function standingOfNode(model: Model, node: string, grant: Grant): Standing {
  const ofNode = grantsRemembered(model, node);
  const known = ofNode.get(grant.name);
  if (known !== undefined) return known;
  const standing = findStanding(model, { kind: "node", node }, grant);
  ofNode.set(grant.name, standing);
  return standing;
}

function grantsRemembered(model: Model, node: string): Map<string, Standing> {
  const nodes = remembered.get(model) ?? new Map<string, Map<string, Standing>>();
  const grants = nodes.get(node) ?? new Map<string, Standing>();
  if (grants.size === 0) remembered.set(model, nodes.set(node, grants));
  return grants;
}

/** Finds out who holds the grant and what comes of it. */
export function findStanding(model: Model, subject: Subject, grant: Grant): Standing {
  if (!isGivenTo(model, subject, grant))
    return { grant, isHeld: false, decision: refuseNotGranted(model, subject, grant) };
  const claim = { model, subject, grant };
  const decision = grant.verb === "admit" ? planSomeAdmission(claim, grant) : planFor(claim, {});
  return { grant, isHeld: true, decision };
}

/** Whether a grant goes to a subject at all: one of its roles, or of the groups that its facts put it into. */
export function isGivenTo(model: Model, subject: Subject, { to, verb }: Grant): boolean {
  switch (subject.kind) {
    case "node": {
      const roles = model.nodes.get(subject.node)?.roles ?? [];
      return to.kind === "roles" && to.names.some(({ text }) => roles.includes(text));
    }
    case "person": {
      const facts = factsOf(subject);
      const groups = to.names.map(({ text }) => model.people.get(text));
      return (
        to.kind === "people" &&
        groups.some((group) => group !== undefined && missingFor(group, facts).length === 0)
      );
    }
    case "root":
      return verb === "admit" || verb === "operate";
  }
}
