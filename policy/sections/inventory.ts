import type { Report } from "../report.ts";
import { readDocument } from "../source/document.ts";
import type { Entry, MapTree, Tree } from "../source/tree.ts";
import { asMap, readFields } from "./fields.ts";
import { readText } from "./values.ts";

/** `file` names the text in messages; `include` gives the text of an included file, undefined when there is none. */
export type ReadOptions = {
  readonly file: string;
  readonly include?: (name: string) => string | undefined;
};

/** Adds the nodes of the included file to those of the policy; the file may hold nothing else. Undefined when it cannot be read. */
export function readInventory(
  include: Tree,
  own: MapTree,
  options: ReadOptions,
  report: Report,
): MapTree | undefined {
  const name = readText(include, "include", report);
  if (name === undefined) return undefined;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name.text)) {
    report.error("E302", name.place, `include "${name.text}" is malformed`, {
      label: "the name of a file beside the policy",
    });
    return undefined;
  }
  const text = options.include?.(name.text);
  if (text === undefined) {
    report.error("E201", name.place, `included file "${name.text}" cannot be read`);
    return undefined;
  }
  const tree = readDocument(text, name.text, report);
  const nodes =
    tree &&
    readFields(tree, `included file "${name.text}"`, { nodes: "required" }, report)?.("nodes");
  const map = nodes && asMap(nodes, "nodes", report);
  return map && { ...own, entries: merge(own.entries, map.entries, report) };
}

function merge(
  own: readonly Entry[],
  included: readonly Entry[],
  report: Report,
): readonly Entry[] {
  const declared = new Map(own.map(({ key }) => [key.text, key.place]));
  for (const { key } of included) {
    const place = declared.get(key.text);
    if (place === undefined) continue;
    const notes = [{ place, message: "first here" }];
    report.error("E102", key.place, `node "${key.text}" is there twice`, { notes });
  }
  return [...own, ...included.filter(({ key }) => !declared.has(key.text))];
}
