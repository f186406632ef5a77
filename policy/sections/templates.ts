import type { Part, Template, Variable, Written } from "../model.ts";
import type { Report } from "../report.ts";
import type { Tree } from "../source/tree.ts";
import { nearestName, suggest } from "../suggestion.ts";
import { parseAddress } from "../text/address.ts";
import { isDnsName, isPrincipalName, isSubjectPart, looksLikePattern } from "../text/name.ts";
import {
  bind,
  isVariable,
  NODE_VARIABLES,
  partsText,
  PERSON_VARIABLES,
  VARIABLES,
  type Bindings,
} from "../text/template.ts";
import { readList, readText } from "./values.ts";

/** Where a name stands decides which characters and variables it may have. */
export type Field = "cn" | "o" | "names" | "principals" | "never";

/** What a template is read against. */
export type TemplateSetting = {
  readonly field: Field;
  /** Whose values its variables take; `nobody`: the cluster's alone. */
  readonly subject: "roles" | "people" | "nobody";
  readonly constants: Bindings;
  readonly report: Report;
};

/** Stand-ins for variables while a template's literal parts are checked. */
const SAMPLES: Bindings = {
  node: "n",
  fqdn: "n.example",
  address: "192.0.2.1",
  domain: "example",
  "internal-domain": "example",
  user: "u",
  principal: "u@EXAMPLE",
};

/** Reads a list of names. */
export function readTemplates(
  tree: Tree,
  what: string,
  setting: TemplateSetting,
): readonly Template[] | undefined {
  const read = readList(tree, what, setting.report)?.map((written) => toTemplate(written, setting));
  return read?.every((template) => template !== undefined) === true ? read : undefined;
}

/** Reads one name. */
export function readTemplate(
  tree: Tree,
  what: string,
  setting: TemplateSetting,
): Template | undefined {
  const written = readText(tree, what, setting.report);
  return written && toTemplate(written, setting);
}

/** Parses a name's variables, puts in the cluster's own and checks what is left. */
export function toTemplate(written: Written, setting: TemplateSetting): Template | undefined {
  const { text, place } = written;
  const parsed = parseParts(written, setting);
  if (parsed === undefined) return undefined;
  const parts = bind(parsed, setting.constants);
  const sample = partsText(bind(parts, SAMPLES));
  if (looksLikePattern(sample)) {
    setting.report.error("E302", place, `"${text}" looks like a regular expression`, {
      label: "names are compared exactly; patterns are never regular expressions",
      help: "list each name, or move the machines into a role",
    });
    return undefined;
  }
  const form = FORMS[setting.field];
  if (form.isSound(sample)) return { text, place, parts };
  setting.report.error("E302", place, `"${text}" is malformed`, { label: form.says });
  return undefined;
}

const isName = (text: string): boolean => isDnsName(text) || parseAddress(text) !== undefined;

const FORMS = {
  cn: { isSound: isSubjectPart, says: "letters, digits, spaces and . _ : @ / - only" },
  o: { isSound: isSubjectPart, says: "letters, digits, spaces and . _ : @ / - only" },
  names: {
    isSound: isName,
    says: "a DNS name in lower case (A-labels) or an address; * only as the whole first label",
  },
  principals: { isSound: isPrincipalName, says: "letters, digits and . _ @ / - only" },
  never: {
    isSound: (text: string) => text !== "" && !/[,\p{Cc}]/u.test(text),
    says: "a name, or the beginning of names and *",
  },
} as const satisfies Record<Field, { isSound: (text: string) => boolean; says: string }>;

function parseParts(written: Written, setting: TemplateSetting): readonly Part[] | undefined {
  const parts: Part[] = [];
  for (const piece of written.text.split(/(<[^<>]*>)/)) {
    if (piece === "") continue;
    if (!/^<.*>$/.test(piece)) {
      parts.push({ kind: "literal", text: piece });
      continue;
    }
    const name = readVariable(piece.slice(1, -1), written, setting);
    if (name === undefined) return undefined;
    parts.push({ kind: "variable", name });
  }
  return parts;
}

function readVariable(
  name: string,
  { place }: Written,
  setting: TemplateSetting,
): Variable | undefined {
  const { report } = setting;
  if (!isVariable(name)) {
    const near = nearestName(name, VARIABLES);
    report.error("E202", place, `unknown variable "<${name}>"`, {
      label: `one of ${VARIABLES.map((known) => `<${known}>`).join(" ")}`,
      ...suggest(near && `<${near}>`),
    });
    return undefined;
  }
  const why = whyWithoutValue(name, setting);
  if (why === undefined) return name;
  report.error("E203", place, `variable "<${name}>" has no value here`, { label: why });
  return undefined;
}

/** Which subject a variable speaks of, and whether that is the one at hand. */
function whyWithoutValue(
  name: Variable,
  { field, subject, constants }: TemplateSetting,
): string | undefined {
  if (NODE_VARIABLES.includes(name)) return subject === "roles" ? undefined : "only a node has one";
  if (!PERSON_VARIABLES.includes(name))
    return constants[name] === undefined ? `cluster has no "${name}"` : undefined;
  if (subject !== "people") return "only a person has one";
  return field === "names" ? "the names of a machine do not depend on a person" : undefined;
}
