import type { Condition, NeverRule, Part, Pattern } from "../model.ts";
import { hasWildcard } from "../text/name.ts";
import { firstVariable, isValueOf, partsText } from "../text/template.ts";
import type { Given } from "./given.ts";

/** A rule that forbids, and the first thing that it looks at in what is given. */
export type Hit = { readonly rule: NeverRule; readonly given: Given };

/**
 * The first rule that forbids one of `identities` (roles or groups, and `nodes` or `people`) what is `given`.
 *
 * Where a name still has variables, it is a hit when some value of them would make it one.
 */
export function findHit(
  rules: readonly NeverRule[],
  identities: ReadonlySet<string>,
  given: readonly Given[],
): Hit | undefined {
  for (const rule of rules) {
    const met = isAimedAt(rule, identities) ? whatMeets(rule.gets, given) : undefined;
    if (met !== undefined) return { rule, given: met };
  }
  return undefined;
}

/** Whether a rule speaks of somebody with these identities. */
export function isAimedAt({ who }: NeverRule, identities: ReadonlySet<string>): boolean {
  const isNamed = who.names.some(({ text }) => identities.has(text));
  return who.mode === "is" ? isNamed : !isNamed;
}

/** All conditions must be met; the first one's match is what the rule is about. */
function whatMeets(conditions: readonly Condition[], given: readonly Given[]): Given | undefined {
  const met = conditions.map((condition) => given.find((one) => meets(one, condition)));
  return met.every((one) => one !== undefined) ? met[0] : undefined;
}

/** Whether one thing that is given is what a condition looks for. */
export function meets(given: Given, condition: Condition): boolean {
  switch (condition.kind) {
    case "lifetime-over":
      return given.kind === "lifetime" && given.seconds > condition.seconds;
    case "wildcard":
      return (
        given.kind === "name" && given.aspect === "name" && hasWildcard(partsText(given.parts))
      );
    case "matches":
      return (
        given.kind === "name" &&
        given.aspect === condition.aspect &&
        condition.patterns.some((pattern) => fits(given.parts, pattern))
      );
  }
}

/** A name with variables left never equals a written one: that would be a collision. */
function fits(parts: readonly Part[], { kind, text: wanted }: Pattern): boolean {
  if (firstVariable(parts) !== undefined) return kind === "prefix" && canBegin(parts, wanted);
  const text = partsText(parts);
  if (kind === "prefix" ? text.startsWith(wanted) : text === wanted) return true;
  return hasWildcard(text) && covers(text.slice(2), wanted, kind);
}

/**
 * Whether `*.parent` also stands for `wanted`, or for something that begins with it.
 *
 * `kubernetes.*` says nothing about the parent, so it would hit every wildcard there is: those are
 * for a rule about wildcards.
 */
function covers(parent: string, wanted: string, kind: Pattern["kind"]): boolean {
  const rest = wanted.slice(wanted.indexOf(".") + 1);
  if (rest === "" || !wanted.includes(".")) return false;
  return kind === "prefix" ? parent.startsWith(rest) : parent === rest;
}

/** Whether some values of the variables make a text that begins with `prefix`. */
function canBegin(parts: readonly Part[], prefix: string): boolean {
  const [part, ...rest] = parts;
  if (prefix === "") return true;
  if (part === undefined) return false;
  if (part.kind === "literal") {
    if (part.text.startsWith(prefix)) return true;
    return prefix.startsWith(part.text) && canBegin(rest, prefix.slice(part.text.length));
  }
  for (let length = 1; length <= prefix.length; length++) {
    const value = prefix.slice(0, length);
    const isWhole =
      length === prefix.length && CONTINUATIONS.some((end) => isValueOf(part.name, value + end));
    if (isWhole || (isValueOf(part.name, value) && canBegin(rest, prefix.slice(length))))
      return true;
  }
  return false;
}

/** Ends that turn the beginning of a variable's value into a whole one, if anything does. */
const CONTINUATIONS = ["", "a", "a@A", "@A"] as const;
