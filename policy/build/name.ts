import type { Model, Template, Variable } from "../model.ts";
import { SYSTEM_ACCOUNTS } from "../text/accounts.ts";
import { firstVariable, type Bindings } from "../text/template.ts";

/** Why a name cannot be built, and from which template. */
export type Failure = {
  readonly kind: "no-value" | "collision" | "malformed" | "too-long";
  readonly template: Template;
  /** The variable without value, or the name that came out. */
  readonly text: string;
};
/** A finished name, or why there is none. */
export type Named = { readonly text: string } | Failure;

/** What a finished name must be like. */
export type Form = { readonly isSound: (text: string) => boolean; readonly longest: number };

/** Puts the subject's values in. A variable never produces a reserved name or a system's own account. */
export function buildName(
  template: Template,
  bindings: Bindings,
  reserved: Model["reserved"],
  form: Form,
): Named {
  let text = "";
  for (const part of template.parts) {
    if (part.kind === "literal") {
      text += part.text;
      continue;
    }
    const value = bindings[part.name];
    if (value === undefined) return { kind: "no-value", template, text: part.name };
    text += value;
  }
  const fail = (kind: Failure["kind"]): Failure => ({ kind, template, text });
  if (isVaried(template) && (reserved.has(text) || isAccount(template, text, bindings)))
    return fail("collision");
  if (text.length > form.longest) return fail("too-long");
  return form.isSound(text) ? { text } : fail("malformed");
}

const isVaried = ({ parts }: Template): boolean => firstVariable(parts) !== undefined;

/** A person who is called like a system's account gets nothing that has the name in it. */
const isAccount = (template: Template, text: string, bindings: Bindings): boolean =>
  SYSTEM_ACCOUNTS.has(text) || (SYSTEM_ACCOUNTS.has(bindings.user ?? "") && uses(template, "user"));

const uses = ({ parts }: Template, name: Variable): boolean =>
  parts.some((part) => part.kind === "variable" && part.name === name);
