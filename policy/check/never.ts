import { nodeBindings } from "../build/bindings.ts";
import type { Grant, Model, NeverRule } from "../model.ts";
import { givenByGrant, type Given } from "../never/given.ts";
import { findHit } from "../never/match.ts";
import type { Report } from "../report.ts";
import { formatDuration } from "../text/duration.ts";
import { partsText } from "../text/template.ts";

/**
 * Holds every rule against every subject and grant.
 *
 * Exact for nodes, which are listed. A people group is one symbolic subject, taken at its least
 * privileged: somebody who is in this group and in no other.
 */
export function checkNever(model: Model, report: Report): void {
  for (const grant of model.grants.values()) {
    for (const rule of model.never) {
      const hit =
        grant.to.kind === "roles" ? hitOnNodes(model, grant, rule) : hitOnPeople(grant, rule);
      if (hit !== undefined) reportHit(grant, rule, hit, report);
    }
  }
}

/** What was hit first, and everybody who is. */
type FoundHit = { readonly given: Given; readonly who: readonly string[] };

function hitOnNodes(model: Model, grant: Grant, rule: NeverRule): FoundHit | undefined {
  const recipients = new Set(grant.to.names.map(({ text }) => text));
  const hits = [...model.nodes.values()].flatMap((node) => {
    if (!node.roles.some((role) => recipients.has(role))) return [];
    const given = givenByGrant(grant, nodeBindings(node, model.cluster));
    const hit = findHit([rule], new Set([...node.roles, "nodes"]), given);
    return hit === undefined ? [] : [{ given: hit.given, who: node.name }];
  });
  return gather(hits);
}

function hitOnPeople(grant: Grant, rule: NeverRule): FoundHit | undefined {
  const hits = grant.to.names.flatMap(({ text: group }) => {
    const hit = findHit([rule], new Set([group, "people"]), givenByGrant(grant, {}));
    return hit === undefined ? [] : [{ given: hit.given, who: `any of ${group}` }];
  });
  return gather(hits);
}

function gather(
  hits: readonly { readonly given: Given; readonly who: string }[],
): FoundHit | undefined {
  const [first] = hits;
  return first && { given: first.given, who: hits.map(({ who }) => who) };
}

/** One message for each grant and rule, however many subjects it concerns. */
function reportHit(grant: Grant, rule: NeverRule, { given, who }: FoundHit, report: Report): void {
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
