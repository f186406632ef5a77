import { existsSync } from "node:fs";
import { join } from "node:path";

const FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Whether real programs can be run as the users that they are made for: all are installed, and we are root. */
export const canRun = (programs: readonly string[]): boolean =>
  process.getuid?.() === 0 &&
  programs.every((name) => FOLDERS.some((folder) => existsSync(join(folder, name))));
