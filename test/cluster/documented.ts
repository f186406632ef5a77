import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "../harness/source-tree.ts";

/**
 * The lines to type that a page of docs/ gives after the line that begins with `lead`: what people
 * read is what is played.
 *
 * @throws Error when there is no such place
 */
export function documentedLines(page: string, lead: string): readonly string[] {
  const lines = readFileSync(join(CHECKOUT, "docs", page), "utf8").split("\n");
  const from = lines.findIndex((line) => line.startsWith(lead));
  const begin = lines.findIndex((line, at) => at > from && line.startsWith("    "));
  const end = lines.findIndex((line, at) => at > begin && !line.startsWith("    "));
  if (from === -1 || begin === -1) throw new Error(`docs/${page} has no lines after "${lead}"`);
  return lines.slice(begin, end).map((line) => line.slice(4));
}
