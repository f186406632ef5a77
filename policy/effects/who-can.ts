import { templatesOf } from "../check/reserved.ts";
import type { Policy } from "../decision.ts";
import type { Condition, Grant, Part } from "../model.ts";
import { givenByGrant, type Given } from "../never/given.ts";
import { findHit } from "../never/match.ts";
import { firstVariable, VARIABLE_PATTERNS, type Bindings } from "../text/template.ts";
import { effectOf, type Effect } from "./effect.ts";
import type { Term } from "./query.ts";
import { rowsOf, type Row } from "./rows.ts";

/** One answer: somebody gets what was asked for; a member of a group only when called `as`. */
export type Holder = Row & { readonly as?: string };

/**
 * Who gets, of one grant, all that the terms ask for.
 *
 * A wildcard certificate answers for the names that it covers. A group answers for what a member of
 * it could be called: `principal=alice` is anybody in the group who is alice.
 */
export function whoCan(policy: Policy, terms: readonly Term[]): readonly Holder[] {
  const possible = new Set(
    [...policy.grants.values()]
      .filter((grant) => terms.every((term) => isPossible(grant, term)))
      .map(({ name }) => name),
  );
  return rowsOf(policy, (grant) => possible.has(grant)).flatMap((row) => {
    if (meetsAll(row.effect, terms)) return [row];
    const as = row.who.kind === "group" ? namesake(policy, row.effect, terms) : undefined;
    return as === undefined ? [] : [{ ...row, as }];
  });
}

/** Names of people who stand for any other's are left open. */
function meetsAll(effect: Effect, terms: readonly Term[]): boolean {
  const { requester, bindings } = effect;
  const isAnybody = requester.kind === "person" && requester.principal === undefined;
  return meetsBound(effect, isAnybody ? {} : bindings, terms);
}

function meetsBound({ grant, plan }: Effect, bindings: Bindings, terms: readonly Term[]): boolean {
  const given = givenByGrant(grant, bindings);
  return terms.every(
    (term) =>
      meets(grant, given, term) &&
      (plan.verb !== "admit" || term.key !== "admit" || plan.roles.includes(term.pattern.text)),
  );
}

/** Asked in the words of a never rule that is aimed at everybody. */
function meets(grant: Grant, given: readonly Given[], { key, pattern }: Term): boolean {
  if (key === "grant") return grant.name === pattern.text;
  const gets: readonly Condition[] = [{ kind: "matches", aspect: key, patterns: [pattern] }];
  const who = { mode: "not", names: [] } as const;
  return findHit([{ id: "", who, gets, place: grant.place }], new Set(), given) !== undefined;
}

/** Whether anybody could get it by this grant: what has variables is looked at for each subject. */
function isPossible(grant: Grant, term: Term): boolean {
  const given = givenByGrant(grant, {});
  if (meets(grant, given, term)) return true;
  return given.some(
    (one) =>
      one.kind === "name" && one.aspect === term.key && firstVariable(one.parts) !== undefined,
  );
}

/** What a member must be called to get it; found by asking for somebody of that name. */
function namesake(policy: Policy, effect: Effect, terms: readonly Term[]): string | undefined {
  const { grant, requester } = effect;
  if (requester.kind !== "person" || requester.subject.kind !== "person") return undefined;
  const { subject } = requester;
  const exact = terms.filter(({ pattern }) => pattern.kind === "exact");
  const names = exact.flatMap(({ pattern }) =>
    templatesOf(grant).flatMap(({ parts }) => valuesIn(parts, pattern.text) ?? []),
  );
  const fitting = names.find((values) => {
    const found = effectOf(policy, { ...requester, subject: { ...subject, ...values } }, grant);
    return found !== undefined && meetsBound(found, found.bindings, terms);
  });
  return fitting?.principal ?? fitting?.user;
}

type Names = { readonly user?: string; readonly principal?: string };

/** The values with which a template becomes `text`; undefined when it never does. */
function valuesIn(parts: readonly Part[], text: string): Names | undefined {
  const seen = new Set<string>();
  const source = parts.map((part) => {
    if (part.kind === "literal") return part.text.replaceAll(/[^A-Za-z0-9]/g, String.raw`\$&`);
    if (seen.has(part.name)) return String.raw`\k<${part.name}>`;
    seen.add(part.name);
    return part.name === "user" || part.name === "principal"
      ? `(?<${part.name}>${VARIABLE_PATTERNS[part.name]})`
      : VARIABLE_PATTERNS[part.name];
  });
  const found = new RegExp(`^${source.join("")}$`).exec(text)?.groups;
  const { user, principal } = found ?? {};
  if (user === undefined && principal === undefined) return undefined;
  return { ...(user !== undefined && { user }), ...(principal !== undefined && { principal }) };
}
