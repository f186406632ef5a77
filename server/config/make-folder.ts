import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it that are missing; gives the topmost that it made, undefined when it was there.
 *
 * One step at a time: node's recursive mkdir never comes back where a folder cannot hold another, as in /proc.
 */
export function makeFolder(folder: string, mode = 0o755): string | undefined {
  if (existsSync(folder)) return undefined;
  const above = dirname(folder);
  const topmost = above === folder ? undefined : makeFolder(above);
  mkdirSync(folder, { mode });
  return topmost ?? folder;
}
