import type { Place } from "../diagnostic.ts";
import type { Condition, Grant, NeverRule, Template } from "../model.ts";
import { canonicalAddress } from "../text/address.ts";
import { firstVariable, partsText } from "../text/template.ts";

/** Names that are written out, in a grant or a rule, with the place of the first mention. */
export function reservedNames(
  grants: Iterable<Grant>,
  never: readonly NeverRule[],
): ReadonlyMap<string, Place> {
  const reserved = new Map<string, Place>();
  const add = (text: string, place: Place): void => {
    const name = canonicalAddress(text) ?? text;
    if (!reserved.has(name)) reserved.set(name, place);
  };
  for (const grant of grants) {
    for (const { parts, place } of templatesOf(grant))
      if (firstVariable(parts) === undefined) add(partsText(parts), place);
  }
  for (const rule of never) for (const text of rule.gets.flatMap(namesOf)) add(text, rule.place);
  return reserved;
}

/** Everything in a grant that becomes a name in a certificate. */
export function templatesOf(grant: Grant): readonly Template[] {
  if (grant.verb !== "issue") return [];
  switch (grant.kind) {
    case "tls":
      return [grant.cn, ...grant.o, ...grant.names];
    case "ssh-host":
      return grant.names;
    case "ssh-user":
      return [...grant.principals, ...grant.mayChoose];
  }
}

const NAMING: ReadonlySet<string> = new Set(["principal", "cn", "o", "name"]);

const namesOf = (condition: Condition): readonly string[] =>
  condition.kind === "matches" && NAMING.has(condition.aspect)
    ? condition.patterns.filter(({ kind }) => kind === "exact").map(({ text }) => text)
    : [];
