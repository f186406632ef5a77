import type { Denial, DenialCode, Subject } from "./decision.ts";
import type { Failure } from "./build/name.ts";
import { printable, subjectName } from "./identify.ts";
import { factsOf, missingFor } from "./membership.ts";
import type { Grant, Model, Node } from "./model.ts";
import type { Hit } from "./never/match.ts";
import { nearestName } from "./suggestion.ts";

/** Makes a denial about a grant that the subject holds. */
export const refuse = (code: DenialCode, detail: string, line: number): Denial => ({
  verdict: "deny",
  code,
  detail,
  line,
});

/** The policy has no node of this name. */
export const refuseUnknownNode = (name: string): Denial => ({
  verdict: "deny",
  code: "policy.unknown_node",
  detail: `the policy names no node "${printable(name)}"`,
});

/** A node asks from somewhere else than its own address. */
export const refuseAddress = (node: Node, from: string): Denial =>
  refuse(
    "policy.address",
    `${node.name} asks from ${from}, but its address is ${node.address ?? "not given"}`,
    node.place.line,
  );

/** The policy has no grant of this name. */
export function refuseUnknownGrant(model: Model, name: string): Denial {
  const near = nearestName(name.slice(0, 64), model.grants.keys());
  const detail = `there is no grant "${printable(name)}"`;
  if (near === undefined) return { verdict: "deny", code: "policy.unknown_grant", detail };
  const nearest = { grant: near, missing: [] };
  return {
    verdict: "deny",
    code: "policy.unknown_grant",
    detail: `${detail}; did you mean ${near}?`,
    nearest,
  };
}

/** The grant goes to somebody else; says what the subject lacks for it. */
export function refuseNotGranted(model: Model, subject: Subject, grant: Grant): Denial {
  const recipients = grant.to.names.map(({ text }) => text).join(" or ");
  const missing = missingFacts(model, subject, grant);
  const who = `${subjectName(subject)} is not ${grant.to.kind === "roles" ? "" : "in "}${recipients}`;
  const lacks =
    subject.kind === "person" && missing.length > 0 ? `: ${missing.join(" and ")} is missing` : "";
  const denial = refuse(
    "policy.not_granted",
    `grant ${grant.name} goes to ${recipients}; ${who}${lacks}`,
    grant.place.line,
  );
  return { ...denial, nearest: { grant: grant.name, missing } };
}

/** For people, what the group that is nearest asks for beyond their facts. */
function missingFacts(model: Model, subject: Subject, grant: Grant): readonly string[] {
  const names = grant.to.names.map(({ text }) => text);
  if (grant.to.kind === "roles" || subject.kind !== "person") return [`one of ${names.join(", ")}`];
  const facts = factsOf(subject);
  const groups = names.map((name) => model.people.get(name)).filter((group) => group !== undefined);
  const lacking = groups.map((group) => missingFor(group, facts));
  return lacking.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

/** A name of the certificate cannot be built for this subject. */
export function refuseFailure(
  subject: Subject,
  grant: Grant,
  { kind, template, text }: Failure,
): Denial {
  const { line } = template.place;
  switch (kind) {
    case "no-value":
      return refuse(
        "policy.not_granted",
        `${subjectName(subject)} has no value for <${text}>, which grant ${grant.name} needs`,
        line,
      );
    case "collision":
      return refuse(
        "policy.name_collision",
        `${template.text} would become ${text} for ${subjectName(subject)}, a reserved name`,
        line,
      );
    case "too-long":
      return refuse(
        "policy.not_granted",
        `${template.text} becomes too long for ${subjectName(subject)}`,
        line,
      );
    case "malformed":
      return refuse(
        "policy.not_granted",
        `${template.text} becomes malformed for ${subjectName(subject)}`,
        line,
      );
  }
}

/** A never rule stands against the finished plan. */
export function refuseNever(grant: string, { rule }: Hit): Denial {
  const because = rule.because === undefined ? "" : `: ${rule.because}`;
  return refuse(
    "policy.never",
    `never rule ${rule.id} forbids what grant ${grant} gives${because}`,
    rule.place.line,
  );
}
