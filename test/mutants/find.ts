import { replacementsOf } from "./replacements.ts";
import { childAt, childrenAt, parseModule, type Syntax } from "./syntax.ts";

/** One slip in the sources: the text from `start` to `end` is `replacement` instead. */
export type Mutant = {
  readonly id: number;
  readonly path: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly original: string;
  /** An expression; undefined where a function returns at once instead of running its body. */
  readonly replacement: string | undefined;
};

type Found = Pick<Mutant, "start" | "end" | "replacement">;

/** Types say nothing at run time; of these the value below counts. */
const TYPED = new Set(["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"]);
/** What is no expression of its own. */
const SKIPPED = new Set(["ImportDeclaration", "ExportAllDeclaration", "TemplateElement"]);

/** Every slip of `text`, in the order of the file; ids begin at `first`. */
export function findMutants(path: string, text: string, first: number): readonly Mutant[] {
  const found: Found[] = [];
  visit(parseModule(text), text, found, false);
  const lines = lineStarts(text);
  return found
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
    .map(({ start, end, replacement }, index) => ({
      id: first + index,
      path,
      line: lines.findLastIndex((at) => at <= start) + 1,
      start,
      end,
      original: text.slice(start, end),
      replacement,
    }));
}

const lineStarts = (text: string): readonly number[] => [
  0,
  ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1),
];

/** `isLink`: a part of a chain `a?.b.c`, which must stay whole for `?.` to skip its rest. */
function visit(node: Syntax, text: string, found: Found[], isLink: boolean): void {
  if (SKIPPED.has(node.type) || (node.type.startsWith("TS") && !TYPED.has(node.type))) return;
  const { start, end } = node;
  if (!isLink) {
    for (const replacement of replacementsOf(node, text)) found.push({ start, end, replacement });
  }
  for (const body of bodiesOf(node)) found.push({ ...body, replacement: undefined });
  found.push(...conditionsOf(node), ...statementOf(node));
  const links = linksOf(node, isLink);
  for (const key of Object.keys(node)) {
    if (isNoExpression(node, key)) continue;
    for (const child of childrenAt(node, key)) visit(child, text, found, links.includes(key));
  }
}

/** The keys under which the links of a chain follow. */
function linksOf(node: Syntax, isLink: boolean): readonly string[] {
  if (node.type === "ChainExpression") return ["expression"];
  if (node.type === "CallExpression") return ["callee"];
  return isLink && node.type === "MemberExpression" ? ["object"] : [];
}

/** Names, keys, targets of assignments and types. */
function isNoExpression(node: Syntax, key: string): boolean {
  if (key === "key" || key === "property") return node["computed"] !== true;
  if (key === "quasi") return true;
  if (node.type === "Property" && key === "value") return node["shorthand"] === true;
  if (node.type === "AssignmentExpression" && key === "left") return true;
  return (
    key === "id" || key === "typeAnnotation" || (key === "source" && node.type.startsWith("Export"))
  );
}

/** The body of a function that can be left at once, and is not empty. */
function bodiesOf(node: Syntax): readonly { readonly start: number; readonly end: number }[] {
  const body = childAt(node, "body");
  if (body?.type !== "BlockStatement" || childrenAt(body, "body").length === 0) return [];
  return /Function/.test(node.type) ? [{ start: body.start, end: body.end }] : [];
}

/** Each condition the other way; a loop can only be left out. */
function conditionsOf(node: Syntax): readonly Found[] {
  const condition = childAt(node, "test");
  if (condition === undefined || node.type === "SwitchCase") return [];
  const { start, end } = condition;
  const isLoop = !/^(?:If|Conditional)/.test(node.type);
  return (isLoop ? ["false"] : ["true", "false"]).map((replacement) => ({
    start,
    end,
    replacement,
  }));
}

/** What is done for its effect, left out. */
function statementOf(node: Syntax): readonly Found[] {
  const done = node.type === "ExpressionStatement" ? childAt(node, "expression") : undefined;
  return done === undefined ? [] : [{ start: done.start, end: done.end, replacement: "undefined" }];
}

/** One line for people. */
export function formatMutant({ path, line, original, replacement }: Mutant): string {
  const clip = (text: string): string => {
    const one = text.replaceAll(/\s+/g, " ");
    return one.length > 70 ? `${one.slice(0, 69)}…` : one;
  };
  const then = replacement === undefined ? "{ return; }" : clip(replacement);
  return `${path}:${line}: ${clip(original)}  ->  ${then}`;
}

/** How a mutant is named in the list of those that mean the same: the line number aside. */
export const mutantKey = ({
  path,
  original,
  replacement,
}: Pick<Mutant, "path" | "original" | "replacement">): string =>
  JSON.stringify([path, original, replacement ?? null]);
