import { Composer, type Document, isMap, isScalar, isSeq, Parser } from "yaml";
import type { Report } from "../report.ts";
import { createLocator, type Locator } from "./locator.ts";
import { reportProblem } from "./problem.ts";
import { readTokens } from "./tokens.ts";
import type { Entry, ListTree, MapTree, TextTree, Tree } from "./tree.ts";

/** A policy file may not be larger, in bytes of UTF-8. */
export const MAX_BYTES = 1024 * 1024;

/** What a converter needs beside the node at hand. */
type Source = { readonly text: string; readonly locate: Locator; readonly report: Report };

/**
 * Reads YAML 1.2 as far as a policy uses it: one document of maps, lists and scalars.
 *
 * Gives undefined, with the first reason reported, for everything else; throws for no input.
 */
export function readDocument(text: string, file: string, report: Report): Tree | undefined {
  const locate = createLocator(file, text.length > MAX_BYTES ? "" : text);
  if (isTooLarge(text)) {
    report.error("E101", locate(0, 1), `${file} is larger than 1 MiB`);
    return undefined;
  }
  const tokens = readTokens(text, locate, report);
  if (tokens === undefined) return undefined;
  const [document, second] = compose(tokens, text.length) ?? [];
  if (document === undefined) {
    report.error("E101", locate(0, 1), `${file} cannot be read as YAML`);
    return undefined;
  }
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    reportProblem(problem, text, locate, report);
    return undefined;
  }
  if (second !== undefined) {
    const [start, end] = rangeOf(second.range, text.length);
    report.error("E101", locate(start, end), "a second document begins here", {
      label: "a policy is one document",
    });
    return undefined;
  }
  const tree = convert(document.contents, 0, { text, locate, report });
  // Where keys are in doubt, so is everything that is missing, unknown or empty beside them.
  return report.hasErrors() ? undefined : tree;
}

/** Counts bytes only where characters do not settle it. */
const isTooLarge = (text: string): boolean =>
  text.length > MAX_BYTES ||
  (text.length > MAX_BYTES / 3 && new TextEncoder().encode(text).length > MAX_BYTES);

/** Names and numbers as YAML 1.2 reads them; duplicate keys are ours to report. */
const SETTINGS = {
  schema: "core",
  version: "1.2",
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "error",
} as const;

/** The first documents of a text; the parser collects its errors, and what it throws all the same (a stack overflow) is one too. */
function compose(
  tokens: readonly string[],
  length: number,
): readonly Document.Parsed[] | undefined {
  const documents: Document.Parsed[] = [];
  try {
    for (const document of new Composer(SETTINGS).compose(parse(tokens), true, length)) {
      if (documents.push(document) > 1) break;
    }
    return documents;
  } catch {
    return undefined;
  }
}

/** What `Parser.parse` does, with tokens that were looked at before: to find them takes as long as to read them. */
function* parse(tokens: readonly string[]): ReturnType<Parser["parse"]> {
  const parser = new Parser();
  for (const token of tokens) yield* parser.next(token);
  yield* parser.end();
}

function convert(node: unknown, at: number, source: Source): Tree {
  if (isMap(node)) return convertMap(node, at, source);
  if (isSeq(node)) {
    const [start, end] = rangeOf(node.range, at);
    const items = node.items.map((item) => convert(item, start, source));
    return { kind: "list", items, place: source.locate(start, end) } satisfies ListTree;
  }
  return convertScalar(node, at, source);
}

function convertMap(
  map: { readonly items: readonly { key: unknown; value: unknown }[]; range?: Range },
  at: number,
  source: Source,
): MapTree {
  const [start, end] = rangeOf(map.range, at);
  const entries: Entry[] = [];
  const seen = new Map<string, Entry>();
  for (const { key: keyNode, value: valueNode } of map.items) {
    const key = convertKey(keyNode, start, source);
    if (key === undefined) continue;
    const entry = { key, value: convert(valueNode, keyEnd(keyNode, start), source) };
    const first = seen.get(key.text);
    if (first === undefined) entries.push(entry);
    else reportDuplicate(first.key, key, source.report);
    seen.set(key.text, first ?? entry);
  }
  const line = source.text.slice(start, Math.min(end, start + 60)).split("\n", 1)[0] ?? "";
  return { kind: "map", entries, source: line.trim(), place: source.locate(start, end) };
}

function reportDuplicate(first: TextTree, again: TextTree, report: Report): void {
  report.error("E102", again.place, `"${again.text}" is there twice`, {
    label: "a key may stand once",
    notes: [{ place: first.place, message: "first here" }],
  });
}

/** A key must be text as it stands, though YAML makes a number of `1e3`; it declares its name all the same. */
function convertKey(node: unknown, at: number, source: Source): TextTree | undefined {
  const tree = convert(node, at, source);
  if (tree.kind !== "text") {
    source.report.error("E111", tree.place, "a key must be text", { help: "quote it" });
    return undefined;
  }
  if (tree.text === "<<") {
    source.report.error("E103", tree.place, "merge keys are not allowed", { help: "write it out" });
    return undefined;
  }
  if (tree.reads !== "string") {
    const message = `key ${tree.text === "" ? "(empty)" : tree.text} reads as a ${tree.reads}`;
    source.report.error("E111", tree.place, message, { help: `quote it: "${tree.text}"` });
  }
  return tree;
}

function convertScalar(node: unknown, at: number, source: Source): TextTree {
  if (!isScalar(node))
    return { kind: "text", text: "", reads: "null", place: source.locate(at, at) };
  const [start, end] = rangeOf(node.range, at);
  const reads = node.type === "PLAIN" ? readingOf(node.value) : "string";
  return { kind: "text", text: node.source ?? "", reads, place: source.locate(start, end) };
}

function readingOf(value: unknown): TextTree["reads"] {
  if (value === null) return "null";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "number" || typeof value === "bigint" ? "number" : "string";
}

type Range = readonly [number, number, number] | null | undefined;

/** Start and end of a node's own text; nodes that the parser made up are where their parent is. */
const rangeOf = (range: Range, at: number): readonly [number, number] =>
  range ? [range[0], range[1]] : [at, at];

/** Where an absent value would stand. */
const keyEnd = (key: unknown, at: number): number =>
  isScalar(key) ? rangeOf(key.range, at)[1] : at;
