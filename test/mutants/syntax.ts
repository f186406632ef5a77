import { parseAst } from "vitest/node";

/** A node of the syntax tree (ESTree), with its place in the source. */
export type Syntax = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Whether a value of a tree is a node and not a list, a word or nothing. */
export const isSyntax = (value: unknown): value is Syntax =>
  isRecord(value) && typeof value["type"] === "string" && typeof value["start"] === "number";

/** The tree of a TypeScript module. */
export function parseModule(text: string): Syntax {
  const tree: unknown = parseAst(text, { lang: "ts" });
  if (!isSyntax(tree)) throw new TypeError("the parser gave no tree");
  return tree;
}

/** What a key of a node holds, when that is a node. */
export function childAt(node: Syntax, key: string): Syntax | undefined {
  const value = node[key];
  return isSyntax(value) ? value : undefined;
}

/** All nodes that a key of a node holds. */
export function childrenAt(node: Syntax, key: string): readonly Syntax[] {
  const value = node[key];
  return (Array.isArray(value) ? value : [value]).filter(isSyntax);
}

/** What a key of a node holds, when that is a text. */
export function wordAt(node: Syntax, key: string): string {
  const value = node[key];
  return typeof value === "string" ? value : "";
}
