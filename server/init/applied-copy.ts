import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { ServerPaths } from "../config/paths.ts";
import { replaceFile } from "../config/replace-file.ts";

/** Puts a checked policy where keyserver and keysigner read it. Only root can: neither of them may change it. */
export function writeApplied({ applied }: Pick<ServerPaths, "applied">, text: string): void {
  mkdirSync(dirname(applied), { recursive: true, mode: 0o755 });
  replaceFile(applied, text, 0o644);
}
