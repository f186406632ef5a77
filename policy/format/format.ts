import { createReport } from "../report.ts";
import { readDocument } from "../source/document.ts";
import type { Tree } from "../source/tree.ts";
import { expandLong } from "./long-lines.ts";
import { spaceFlows } from "./flow-spaces.ts";

/**
 * A policy in its usual layout: comments and columns stay as they are, flow style up to 120 columns
 * and block style beyond. Formatting twice changes nothing more.
 *
 * Undefined when the text is no policy's YAML, or when its layout cannot be changed without its meaning.
 */
export function formatPolicy(text: string): string | undefined {
  const before = meaningOf(text);
  if (before === undefined) return undefined;
  let formatted = tidyLines(spaceFlows(tidyLines(text)));
  // What is broken up may hold a list that is still too long.
  for (let round = 0; round < 3; round++) formatted = expandLong(formatted);
  return meaningOf(formatted) === before ? formatted : undefined;
}

/** Lines of `before` that are not in `after`, 1-based. */
export function changedLines(before: string, after: string): readonly number[] {
  const kept = after.split("\n");
  let at = 0;
  const changed: number[] = [];
  for (const [index, line] of before.split("\n").entries()) {
    const found = kept.indexOf(line, at);
    if (found === -1) changed.push(index + 1);
    else at = found + 1;
  }
  return changed;
}

/** No blanks at ends of lines, one empty line at most, one line feed at the end. */
const tidyLines = (text: string): string =>
  `${text
    .replaceAll(/\r\n/g, "\n")
    .replaceAll(/ +$/gm, "")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim()}\n`;

/** What a text says, without where it stands; undefined when it cannot be read. */
function meaningOf(text: string): string | undefined {
  const report = createReport();
  const tree = readDocument(text, "", report);
  return tree === undefined || report.hasErrors() ? undefined : JSON.stringify(withoutPlaces(tree));
}

function withoutPlaces(tree: Tree): unknown {
  switch (tree.kind) {
    case "text":
      return [tree.text, tree.reads];
    case "list":
      return { list: tree.items.map(withoutPlaces) };
    case "map":
      return {
        map: tree.entries.map(({ key, value }) => [key.text, key.reads, withoutPlaces(value)]),
      };
  }
}
