import {
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  stringify,
  type Document,
  type YAMLMap,
} from "yaml";

/** A change of text: `remove` characters at `at` become `insert`. */
export type Splice = { readonly at: number; readonly remove: number; readonly insert: string };

/** Text whose layout is not understood well enough to change it. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

/** The text after its changes; places are those before all of them. */
export const applySplices = (text: string, splices: readonly Splice[]): string =>
  splices
    .toSorted((a, b) => b.at - a.at)
    .reduce(
      (all, { at, remove, insert }) => all.slice(0, at) + insert + all.slice(at + remove),
      text,
    );

/**
 * Appends to the list `key` of the mapping at the top; everything else keeps its bytes. What is
 * written in JSON stays JSON.
 *
 * @throws LayoutError
 */
export function appendItem(
  text: string,
  document: Document,
  key: string,
  item: object,
): readonly Splice[] {
  const top = topOf(document);
  if (!top.has(key)) return addKey(text, top, { [key]: [item] });
  const value = top.get(key, true);
  const [start, end] = rangeOf(value);
  if (isSeq(value) && value.items.length > 0) {
    if (value.flow === true) {
      const [, last] = rangeOf(value.items.at(-1));
      return [{ at: last, remove: 0, insert: `, ${JSON.stringify(item)}` }];
    }
    const indent = text.slice(lineStart(text, start), start);
    if (indent.trim() !== "") throw new LayoutError(`list ${key} begins in the middle of a line`);
    return [insertLines(text, rangeOf(value.items.at(-1))[1], block([item], indent))];
  }
  if (top.flow === true)
    return [{ at: start, remove: end - start, insert: JSON.stringify([item]) }];
  const gap = text.slice(0, start).trimEnd().length;
  return [{ at: gap, remove: end - gap, insert: "" }, insertLines(text, end, block([item], ""))];
}

/** Sets a text of the mapping at the top. @throws LayoutError */
export function setText(
  text: string,
  document: Document,
  key: string,
  wanted: string,
): readonly Splice[] {
  const top = topOf(document);
  if (!top.has(key)) return addKey(text, top, { [key]: wanted });
  const [start, end] = rangeOf(top.get(key, true));
  const gap = text[start - 1] === ":" ? " " : "";
  return [{ at: start, remove: end - start, insert: `${gap}${JSON.stringify(wanted)}` }];
}

/** Removes items from a list of the mapping at the top. @throws LayoutError */
export function removeItems(
  text: string,
  document: Document,
  key: string,
  isGone: (item: unknown) => boolean,
): readonly Splice[] {
  const top = topOf(document);
  const list = top.get(key, true);
  if (!isSeq(list) || !list.items.some(isGone)) return [];
  if (list.flow === true) {
    const kept = list.items.filter((item) => !isGone(item));
    const [start, end] = rangeOf(list);
    const parts = kept.map((item) => text.slice(...rangeOf(item)));
    return [{ at: start, remove: end - start, insert: `[${parts.join(", ")}]` }];
  }
  const cuts = list.items.filter(isGone).map((item) => cutLines(text, rangeOf(item)));
  if (!list.items.every(isGone)) return cuts;
  const pair = top.items.find((each) => isScalar(each.key) && each.key.value === key);
  return [{ at: rangeOf(pair?.key)[1] + 1, remove: 0, insert: " []" }, ...cuts];
}

/** Removes a key with a value on its line from the mapping at the top. @throws LayoutError */
export function removeKey(text: string, document: Document, key: string): readonly Splice[] {
  const top = topOf(document);
  const pair = top.items.find((each) => isScalar(each.key) && each.key.value === key);
  if (pair === undefined) return [];
  const [start] = rangeOf(pair.key);
  const [valueStart, end] = rangeOf(pair.value);
  if (top.flow === true) return [{ at: valueStart, remove: end - valueStart, insert: '""' }];
  if (lineStart(text, start) !== start) throw new LayoutError(`${key} does not begin its line`);
  return [{ at: start, remove: lineEnd(text, end) - start, insert: "" }];
}

function topOf({ contents }: Document): YAMLMap {
  if (isMap(contents)) return contents;
  throw new LayoutError("not a mapping");
}

/** From the first character to behind the last. */
function rangeOf(node: unknown): readonly [start: number, end: number] {
  const range = isNode(node) ? node.range : undefined;
  if (range === undefined || range === null) throw new LayoutError("a value without a place");
  return [range[0], range[1]];
}

const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1;

/** Behind the end of the line that `at` is in, or `at` where a line begins there. */
function lineEnd(text: string, at: number): number {
  if (at > 0 && text[at - 1] === "\n") return at;
  const end = text.indexOf("\n", at);
  const rest = text.slice(at, end === -1 ? undefined : end).trim();
  if (rest !== "" && !rest.startsWith("#")) throw new LayoutError("something follows on the line");
  return end === -1 ? text.length : end + 1;
}

const eolOf = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");

function insertLines(text: string, after: number, lines: readonly string[]): Splice {
  const at = lineEnd(text, after);
  const eol = eolOf(text);
  const gap = at === 0 || text[at - 1] === "\n" ? "" : eol;
  return { at, remove: 0, insert: gap + lines.map((line) => line + eol).join("") };
}

/** The lines of an item that begins with its dash. */
function cutLines(text: string, [start, end]: readonly [number, number]): Splice {
  const at = lineStart(text, start);
  if (!/^\s*-\s+$/.test(text.slice(at, start))) throw new LayoutError("an item without its dash");
  return { at, remove: lineEnd(text, end) - at, insert: "" };
}

/** YAML's block style, a line for each. */
const block = (value: unknown, indent: string): readonly string[] =>
  stringify(value, { lineWidth: 0, indentSeq: false })
    .trimEnd()
    .split("\n")
    .map((line) => indent + line);

function addKey(text: string, top: YAMLMap, pair: object): readonly Splice[] {
  const last = top.items.at(-1);
  if (top.flow === true) {
    const inner = JSON.stringify(pair).slice(1, -1);
    const [start] = rangeOf(top);
    if (last === undefined) return [{ at: start + 1, remove: 0, insert: inner }];
    const end = rangeOf(isPair(last) ? (last.value ?? last.key) : last)[1];
    return [{ at: end, remove: 0, insert: `, ${inner}` }];
  }
  const [start] = rangeOf(top);
  if (lineStart(text, start) !== start) throw new LayoutError("the keys at the top are indented");
  return [insertLines(text, rangeOf(top)[1], block(pair, ""))];
}
