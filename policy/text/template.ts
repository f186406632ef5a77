import type { Part, Variable } from "../model.ts";

/** What may stand for a variable, as a source of a regular expression. */
export const VARIABLE_PATTERNS = {
  node: "[a-z0-9-]{1,63}",
  fqdn: "[a-z0-9.-]{1,253}",
  address: "[0-9a-f.:]{2,45}",
  domain: "[a-z0-9.-]{1,253}",
  "internal-domain": "[a-z0-9.-]{1,253}",
  user: "[a-z_][a-z0-9_.-]{0,31}",
  principal: "[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)?@[A-Za-z0-9.-]+",
} as const satisfies Record<Variable, string>;

/** Variables whose value every subject shares; a template of these alone counts as written out. */
export const CONSTANTS: readonly Variable[] = ["domain", "internal-domain"];
/** Variables that speak of a node. */
export const NODE_VARIABLES: readonly Variable[] = ["node", "fqdn", "address"];
/** Variables that speak of a person. */
export const PERSON_VARIABLES: readonly Variable[] = ["user", "principal"];

/** Whether `text` names a variable. */
export const isVariable = (text: string): text is Variable =>
  Object.hasOwn(VARIABLE_PATTERNS, text);

/** Every name that {@link isVariable} takes. */
export const VARIABLES: readonly string[] = Object.keys(VARIABLE_PATTERNS);

const matchers = new Map(
  Object.entries(VARIABLE_PATTERNS).map(([name, pattern]) => [
    name,
    new RegExp(`^(?:${pattern})$`),
  ]),
);

/** Whether `value` may stand for `variable`. Nothing that passes holds a comma, a control character or `*`. */
export const isValueOf = (variable: Variable, value: string): boolean =>
  matchers.get(variable)?.test(value) === true;

/** Values of variables, where there are any. */
export type Bindings = Readonly<Partial<Record<Variable, string>>>;

/** Puts in what is known and leaves the rest; substituted once, never read again. */
export function bind(parts: readonly Part[], bindings: Bindings): readonly Part[] {
  const bound: Part[] = [];
  let known: string | undefined;
  for (const part of parts) {
    const value = part.kind === "variable" ? bindings[part.name] : part.text;
    if (value !== undefined) known = (known ?? "") + value;
    else {
      if (known !== undefined) bound.push({ kind: "literal", text: known });
      bound.push(part);
      known = undefined;
    }
  }
  if (known !== undefined) bound.push({ kind: "literal", text: known });
  return bound;
}

/** The first variable that is left; undefined when the text is complete. */
export function firstVariable(parts: readonly Part[]): Variable | undefined {
  for (const part of parts) if (part.kind === "variable") return part.name;
  return undefined;
}

/** The text of `parts`, variables as `<name>`. */
export function partsText(parts: readonly Part[]): string {
  let text = "";
  for (const part of parts) text += part.kind === "literal" ? part.text : `<${part.name}>`;
  return text;
}
