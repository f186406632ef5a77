import { nodeBindings } from "../build/bindings.ts";
import type { Aspect, Grant, Model, NeverRule } from "../model.ts";
import { givenByGrant, type Given } from "../never/given.ts";
import { findHit, meets } from "../never/match.ts";
import type { Report } from "../report.ts";
import { formatDuration } from "../text/duration.ts";
import { firstVariable, partsText } from "../text/template.ts";

/**
 * Holds every rule against every subject and grant.
 *
 * Exact for nodes, which are listed. A people group is one symbolic subject, taken at its least
 * privileged: somebody who is in this group and in no other.
 */
export function checkNever(model: Model, report: Report): void {
  for (const grant of model.grants.values()) {
    const rules = model.never.filter((rule) => canHit(rule, grant));
    if (rules.length === 0) continue;
    const recipients = grant.to.kind === "roles" ? nodesOf(model, grant) : groupsOf(grant);
    for (const rule of rules) {
      const hits = recipients.flatMap(({ who, identities, given }) => {
        const hit = findHit([rule], identities, given);
        return hit === undefined ? [] : [{ who, given: hit.given }];
      });
      const [first] = hits;
      const everybody = hits.map(({ who }) => who);
      if (first !== undefined) reportHit(grant, rule, first.given, everybody, report);
    }
  }
}

/** Spares looking at each node: what is written without variables is the same for all of them. */
function canHit({ gets }: NeverRule, grant: Grant): boolean {
  const given = givenByGrant(grant, {});
  const isOpen = (aspect: Aspect): boolean =>
    given.some(
      (one) =>
        one.kind === "name" && one.aspect === aspect && firstVariable(one.parts) !== undefined,
    );
  return gets.every((condition) => {
    const aspect =
      condition.kind === "wildcard" ? "name" : condition.kind === "matches" && condition.aspect;
    return (aspect && isOpen(aspect)) || given.some((one) => meets(one, condition));
  });
}

/** Somebody to whom a grant goes, what rules call them and all that they are given. */
type Recipient = {
  readonly who: string;
  readonly identities: ReadonlySet<string>;
  readonly given: readonly Given[];
};

function nodesOf(model: Model, grant: Grant): readonly Recipient[] {
  const recipients = new Set(grant.to.names.map(({ text }) => text));
  const nodes = [...model.nodes.values()].filter((node) =>
    node.roles.some((role) => recipients.has(role)),
  );
  return nodes.map((node) => ({
    who: node.name,
    identities: new Set([...node.roles, "nodes"]),
    given: givenByGrant(grant, nodeBindings(node, model.cluster)),
  }));
}

function groupsOf(grant: Grant): readonly Recipient[] {
  const given = givenByGrant(grant, {});
  return grant.to.names.map(({ text: group }) => ({
    who: `any of ${group}`,
    identities: new Set([group, "people"]),
    given,
  }));
}

/** One message for each grant and rule, however many subjects it concerns. */
function reportHit(
  grant: Grant,
  rule: NeverRule,
  given: Given,
  who: readonly string[],
  report: Report,
): void {
  const names = rule.who.names.map(({ text }) => text).join(", ");
  const rest = who.length > 3 ? [...who.slice(0, 3), `${who.length - 3} more`] : who;
  const message = `grant "${grant.name}" gives ${describe(given)} to ${rest.join(", ")}, which never rule "${rule.id}" forbids`;
  report.error("E401", given.place, message, {
    label:
      rule.who.mode === "not"
        ? `forbidden for everyone outside ${names}`
        : `forbidden for ${names}`,
    notes: [{ place: rule.place, message: "the rule is here" }],
    help: "narrow the grant; if the rule itself is wrong, change it in its own commit",
  });
}

function describe(given: Given): string {
  if (given.kind === "lifetime") return formatDuration(given.seconds);
  const text = partsText(given.parts);
  switch (given.aspect) {
    case "cn":
      return `CN=${text}`;
    case "o":
      return `O=${text}`;
    case "issue":
      return `a certificate of "${text}"`;
    case "fetch":
      return `file "${text}"`;
    case "admit":
      return `admission of "${text}"`;
    case "operate":
      return `action "${text}"`;
    case "name":
    case "principal":
      return text;
  }
}
