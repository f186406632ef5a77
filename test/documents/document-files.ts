import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "../harness/source-tree.ts";

/** The files that a page shows whole: a line that begins with their name, then a block. */
export function filesOf(page: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(CHECKOUT, page), "utf8");
  const blocks = text.matchAll(/^`([^`\n]+)`[^\n]*:\n\n```[a-z]+\n([^]*?)^```$/gm);
  return new Map([...blocks].map(([, name = "", content = ""]) => [name, content]));
}
