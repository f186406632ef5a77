import { nodeBindings } from "../build/bindings.ts";
import type { Condition, Grant, Model, NeverRule, Node } from "../model.ts";
import { bindGiven, givenByGrant, type Given } from "../never/given.ts";
import { findHit, isAimedAt, meets } from "../never/match.ts";
import type { Report } from "../report.ts";
import { formatDuration } from "../text/duration.ts";
import { type Bindings, firstVariable, partsText } from "../text/template.ts";

/**
 * Holds every rule against every subject and grant.
 *
 * Exact for nodes, which are listed. A people group is one symbolic subject, taken at its least
 * privileged: somebody who is in this group and in no other.
 */
export function checkNever(model: Model, report: Report): void {
  const nodes = [...model.nodes.values()].map((node) => nodeRecipient(node, model));
  for (const grant of model.grants.values()) {
    const given = givenByGrant(grant, {});
    const rules = model.never
      .map((rule) => ({ rule, about: concerned(rule, given) }))
      .filter(({ about }) => about.length > 0);
    if (rules.length === 0) continue;
    const recipients =
      grant.to.kind === "roles"
        ? nodes.filter(({ identities }) => grant.to.names.some(({ text }) => identities.has(text)))
        : groupsOf(grant);
    for (const { rule, about } of rules) checkRule(rule, grant, about, recipients, report);
  }
}

function checkRule(
  rule: NeverRule,
  grant: Grant,
  given: readonly Given[],
  recipients: readonly Recipient[],
  report: Report,
): void {
  const hits = recipients.flatMap(({ who, identities, bindings }) => {
    // Nearly every rule speaks of others, and names would be put in for nothing.
    if (!isAimedAt(rule, identities)) return [];
    const hit = findHit([rule], identities, bindGiven(given, bindings));
    return hit === undefined ? [] : [{ who, given: hit.given }];
  });
  const [first] = hits;
  const everybody = hits.map(({ who }) => who);
  if (first !== undefined) reportHit(grant, rule, first.given, everybody, report);
}

/** What of a grant a rule may be about; nothing where one of its conditions cannot be met at all. */
function concerned({ gets }: NeverRule, given: readonly Given[]): readonly Given[] {
  const isPossible = gets.every((condition) => given.some((one) => canMeet(one, condition)));
  if (!isPossible) return [];
  return given.filter((one) => gets.some((condition) => canMeet(one, condition)));
}

/**
 * Spares looking at each node: what is written without variables is the same for all of them, and no
 * variable makes a wildcard.
 */
function canMeet(one: Given, condition: Condition): boolean {
  const isOpen =
    one.kind === "name" &&
    condition.kind === "matches" &&
    one.aspect === condition.aspect &&
    firstVariable(one.parts) !== undefined;
  return isOpen || meets(one, condition);
}

/** Somebody to whom a grant goes, what rules call them and what their variables stand for. */
type Recipient = {
  readonly who: string;
  readonly identities: ReadonlySet<string>;
  readonly bindings: Bindings;
};

const nodeRecipient = (node: Node, { cluster }: Model): Recipient => ({
  who: node.name,
  identities: new Set([...node.roles, "nodes"]),
  bindings: nodeBindings(node, cluster),
});

const groupsOf = (grant: Grant): readonly Recipient[] =>
  grant.to.names.map(({ text: group }) => ({
    who: `any of ${group}`,
    identities: new Set([group, "people"]),
    bindings: {},
  }));

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
