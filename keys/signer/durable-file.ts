import { closeSync, fsyncSync, openSync, writeFileSync } from "node:fs";

/**
 * Creates a file that must not exist, with its mode from before the first byte, and syncs it.
 * {@link syncDirectory} makes its name durable too.
 *
 * @throws the system's error, `EEXIST` among them.
 */
export function createFile(path: string, text: string, mode: number): void {
  const file = openSync(path, "wx", mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Syncs the names in a directory. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
