import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { PolicyFile } from "./policy-file.ts";
import { replaceFile } from "./replace-file.ts";

/** Writes a checked policy to `file`, and what it includes beside it. */
export function writePolicy(
  file: string,
  { text, included }: Pick<PolicyFile, "text" | "included">,
): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const [name, content] of included) {
    // The policy's reader takes plain names only; a path would lead out of the folder.
    if (name !== basename(name)) throw new TypeError(`a policy includes a path: ${name}`);
    replaceFile(join(folder, name), content, 0o644);
  }
  replaceFile(file, text, 0o644);
}
