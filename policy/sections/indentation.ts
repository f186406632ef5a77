import type { Report } from "../report.ts";
import type { MapTree, Tree } from "../source/tree.ts";

/**
 * Whether no section stands inside another by being indented: `  people:` below the nodes.
 *
 * Everything after such a line would be told as unknown, here and wherever it is referred to.
 */
export function checkIndentation(tree: Tree, sections: readonly string[], report: Report): boolean {
  if (tree.kind !== "map") return true;
  const present = new Set(tree.entries.map(({ key }) => key.text));
  const absent = new Set(sections.filter((section) => !present.has(section)));
  for (const { key: outer, value } of tree.entries) {
    const key = value.kind === "map" ? findHead(value, absent) : undefined;
    if (key === undefined) continue;
    report.error("E110", key.place, `section "${key.text}" stands inside "${outer.text}"`, {
      label: "indented too far",
      help: "begin the line at the margin",
    });
    return false;
  }
  return true;
}

/** A key without a value and with the name of a section that is not there. */
const findHead = ({ entries }: MapTree, absent: ReadonlySet<string>) =>
  entries.find(
    ({ key, value }) => absent.has(key.text) && value.kind === "text" && value.reads === "null",
  )?.key;
