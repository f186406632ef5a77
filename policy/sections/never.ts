import type { Aspect, Condition, NeverRule, Pattern, Written } from "../model.ts";
import type { Tree } from "../source/tree.ts";
import { canonicalAddress } from "../text/address.ts";
import { isIdentifier } from "../text/name.ts";
import { partsText } from "../text/template.ts";
import { EVERYONE, type Declarations } from "./declarations.ts";
import { asMap, readFields } from "./fields.ts";
import { checkReferences } from "./reference.ts";
import { toTemplate } from "./templates.ts";
import { readBoolean, readDuration, readList, readText } from "./values.ts";

/** The keys of a never rule. */
export const NEVER_SHAPE = {
  id: "required",
  who: "required",
  gets: "required",
  because: "optional",
} as const;
/** The keys of what a never rule forbids. */
export const GETS_SHAPE = {
  principal: "optional",
  cn: "optional",
  o: "optional",
  name: "optional",
  issue: "optional",
  fetch: "optional",
  admit: "optional",
  operate: "optional",
  "lifetime-over": "optional",
  wildcard: "optional",
} as const;
/** The keys of whom a never rule concerns. */
export const WHO_SHAPE = { is: "optional", not: "optional" } as const;
const ASPECTS = ["principal", "cn", "o", "name", "issue", "fetch", "admit", "operate"] as const;

/** Reads `never:`. */
export function readNever(tree: Tree, declared: Declarations): readonly NeverRule[] {
  if (tree.kind !== "list") {
    declared.report.error("E111", tree.place, "never must be a list of rules");
    return [];
  }
  const rules: NeverRule[] = [];
  const ids = new Map<string, Written>();
  for (const item of tree.items) {
    const rule = readRule(item, ids, declared);
    if (rule !== undefined) rules.push(rule);
  }
  return rules;
}

function readRule(
  tree: Tree,
  ids: Map<string, Written>,
  declared: Declarations,
): NeverRule | undefined {
  const fields = readFields(tree, "never rule", NEVER_SHAPE, declared.report);
  const idTree = fields?.("id");
  const id = idTree && readId(idTree, ids, declared);
  const what = `never rule "${id?.text ?? ""}"`;
  const [whoTree, getsTree, becauseTree] = [fields?.("who"), fields?.("gets"), fields?.("because")];
  const who = whoTree && readWho(whoTree, what, declared);
  const gets = getsTree && readGets(getsTree, what, declared);
  const because = becauseTree && readText(becauseTree, `because of ${what}`, declared.report);
  if (!id || !who || !gets) return undefined;
  const why = because === undefined ? {} : { because: because.text };
  return { id: id.text, who, gets, ...why, place: id.place };
}

function readId(
  tree: Tree,
  ids: Map<string, Written>,
  { report }: Declarations,
): Written | undefined {
  const id = readText(tree, "id of a never rule", report);
  if (id === undefined) return undefined;
  const first = ids.get(id.text);
  if (!isIdentifier(id.text))
    report.error("E302", id.place, `never rule "${id.text}" is malformed`);
  if (first !== undefined) {
    const notes = [{ place: first.place, message: "first here" }];
    report.error("E102", id.place, `never rule "${id.text}" is there twice`, { notes });
  }
  ids.set(id.text, id);
  return id;
}

function readWho(tree: Tree, what: string, declared: Declarations): NeverRule["who"] | undefined {
  const { roles, people, report } = declared;
  const fields = readFields(tree, `who of ${what}`, WHO_SHAPE, report);
  const [is, not] = [fields?.("is"), fields?.("not")];
  const chosen = is ?? not;
  if (fields === undefined || chosen === undefined || (is && not)) {
    if (fields && (is || (fields.lacks("is") && fields.lacks("not"))))
      report.error("E112", tree.place, `who of ${what} needs either "is" or "not"`);
    return undefined;
  }
  const names = readList(chosen, `who of ${what}`, report);
  const words = EVERYONE.map((word) => [word, tree.place] as const);
  const known = new Map([...words, ...roles, ...people]);
  if (!names || !checkReferences(names, known, "role or people group", report)) return undefined;
  return { mode: is ? "is" : "not", names };
}

function readGets(
  tree: Tree,
  what: string,
  declared: Declarations,
): readonly Condition[] | undefined {
  const { report } = declared;
  const fields = readFields(tree, `gets of ${what}`, GETS_SHAPE, report);
  const map = fields && asMap(tree, what, report);
  if (map === undefined || fields === undefined) return undefined;
  if (map.entries.length === 0) {
    report.error("E306", tree.place, `gets of ${what} is empty`, {
      label: "what must nobody get?",
    });
    return undefined;
  }
  const conditions: (Condition | undefined)[] = [];
  for (const aspect of ASPECTS) {
    const list = fields(aspect);
    if (list !== undefined) conditions.push(readMatch(list, aspect, what, declared));
  }
  const [over, wildcard] = [fields("lifetime-over"), fields("wildcard")];
  if (over !== undefined) conditions.push(readOver(over, what, declared));
  if (wildcard !== undefined) conditions.push(readWildcard(wildcard, what, declared));
  const sound = conditions.filter((condition) => condition !== undefined);
  return sound.length > 0 && sound.length === conditions.length ? sound : undefined;
}

function readOver(tree: Tree, what: string, { report }: Declarations): Condition | undefined {
  const seconds = readDuration(tree, `lifetime-over of ${what}`, report);
  return seconds === undefined ? undefined : { kind: "lifetime-over", seconds };
}

function readWildcard(tree: Tree, what: string, { report }: Declarations): Condition | undefined {
  const wildcard = readBoolean(tree, `wildcard of ${what}`, report);
  if (wildcard === false) report.error("E111", tree.place, `wildcard of ${what} can only be true`);
  return wildcard === true ? { kind: "wildcard" } : undefined;
}

function readMatch(
  tree: Tree,
  aspect: Aspect,
  what: string,
  declared: Declarations,
): Condition | undefined {
  const list = readList(tree, `${aspect} of ${what}`, declared.report);
  if (list === undefined) return undefined;
  if (
    aspect === "issue" &&
    !checkReferences(list, declared.authorityNames, "authority", declared.report)
  )
    return undefined;
  if (aspect === "admit" && !checkReferences(list, declared.roles, "role", declared.report))
    return undefined;
  const patterns = list.map((written) => readPattern(written, aspect, declared));
  const sound = patterns.filter((pattern) => pattern !== undefined);
  return sound.length === patterns.length
    ? { kind: "matches", aspect, patterns: sound }
    : undefined;
}

/** `prefix*` for cn, o and principal; `name.*` for names; anything else is exact. */
function readPattern(
  written: Written,
  aspect: Aspect,
  declared: Declarations,
): Pattern | undefined {
  const { constants, report } = declared;
  const isPrefix =
    aspect === "name"
      ? written.text.endsWith(".*")
      : /^(?:principal|cn|o)$/.test(aspect) && written.text.endsWith("*");
  const bare = isPrefix ? written.text.slice(0, -1) : written.text;
  const template = toTemplate(
    { ...written, text: bare === "" ? "*" : bare },
    { field: "never", subject: "nobody", constants, report },
  );
  if (template === undefined) return undefined;
  const text = bare === "" ? "" : partsText(template.parts);
  const rest = aspect === "name" ? text.replace(/^\*\./, "") : text;
  if (!rest.includes("*"))
    return { kind: isPrefix ? "prefix" : "exact", text: canonicalAddress(text) ?? text };
  report.error("E302", written.place, `"${written.text}" is malformed`, {
    label: aspect === "name" ? "a name, or name.*" : "a name, or the beginning of names and *",
  });
  return undefined;
}
