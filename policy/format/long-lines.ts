import {
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";

/** Columns of a line. */
const WIDTH = 120;

/** What is formatted was read before, with its keys; to compare each with each takes seconds where they are many. */
const SETTINGS = { schema: "core", version: "1.2", logLevel: "error", uniqueKeys: false } as const;

/** Replaces `text` from `start` up to `end`. */
type Change = { readonly start: number; readonly end: number; readonly text: string };

/**
 * Breaks each flow collection that is too long for its line into block style, the outermost first.
 *
 * One with a comment in it stays: the writer has laid it out by hand.
 */
export function expandLong(text: string): string {
  const changes: Change[] = [];
  visit(parseDocument(text, SETTINGS), {
    Collection(_, node, path) {
      if (!isMap(node) && !isSeq(node)) return undefined;
      if (node.flow !== true) return undefined;
      const change = changeOf(text, node, path.at(-1));
      if (change !== undefined) changes.push(change);
      return visit.SKIP;
    },
  });
  return changes.reduceRight(
    (rest, { start, end, text: block }) => rest.slice(0, start) + block + rest.slice(end),
    text,
  );
}

function changeOf(text: string, node: YAMLMap | YAMLSeq, parent: unknown): Change | undefined {
  const [start, end] = node.range ?? [0, 0];
  const source = text.slice(start, end);
  if (!isLong(text, start, end) || /(^|\s)#/.test(source) || node.items.length === 0)
    return undefined;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  if (isPair(parent)) {
    const key = isScalar(parent.key) ? (parent.key.range?.[0] ?? start) : start;
    const column = key - (text.lastIndexOf("\n", key - 1) + 1);
    const items = entriesOf(text, node).map((entry) => `\n${" ".repeat(column + 2)}${entry}`);
    const blank = text.slice(0, start).search(/\s*$/);
    return { start: blank, end, text: items.join("") };
  }
  if (!isCollection(parent)) return undefined;
  const indent = `\n${" ".repeat(start - lineStart)}`;
  return { start, end, text: entriesOf(text, node).join(indent) };
}

/** Whether one of its lines is. */
function isLong(text: string, start: number, end: number): boolean {
  const first = text.lastIndexOf("\n", start - 1) + 1;
  const last = text.indexOf("\n", end);
  const source = text.slice(first, last === -1 ? text.length : last);
  const comment = text.slice(end, last === -1 ? text.length : last).replace(/^[\s,]*#.*$/, "");
  const lines = (source.slice(0, end - first) + comment).split("\n");
  return lines.some((line) => line.length > WIDTH);
}

/** Each entry on one line. */
const entriesOf = (text: string, node: YAMLMap | YAMLSeq): readonly string[] =>
  node.items.map((item) => {
    if (!isPair(item)) return `- ${sourceOf(text, item)}`;
    return `${sourceOf(text, item.key)}: ${sourceOf(text, item.value)}`.trimEnd();
  });

function sourceOf(text: string, node: unknown): string {
  if (!isScalar(node) && !isCollection(node)) return "";
  const [start, end] = node.range ?? [0, 0];
  return text
    .slice(start, end)
    .replaceAll(/\s*\n\s*/g, " ")
    .trim();
}
