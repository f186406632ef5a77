import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { codeOfError } from "../terminal/failure.ts";
import type { Disk, Ownership } from "./disk.ts";
import type { HeldDirectory } from "./held-directory.ts";
import { refusePath } from "./refusal.ts";

/** What stands at a target now. */
export type ExistingFile = { readonly content: Buffer; readonly ownership: Ownership };

// O_NONBLOCK: opening a FIFO must not wait for its writer.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const LIMIT = 1024 * 1024;
const PERMISSIONS = 0o7777;

/**
 * Reads what would be replaced; undefined when nothing is there.
 *
 * @throws Failure for anything that is not a plain file of ours: a symbolic link, a hard link, a
 *   FIFO, a device, or a file of somebody else than root, keyclient's user and `owner`.
 */
export function readExisting(
  disk: Disk,
  directory: HeldDirectory,
  name: string,
  owner: number,
): ExistingFile | undefined {
  const path = `${directory.path}/${name}`;
  const descriptor = openExisting(directory, name, path);
  if (descriptor === undefined) return undefined;
  try {
    const stats = fstatSync(descriptor);
    checkPlain(stats, path, [0, disk.uid, owner]);
    const { uid, gid, mode } = stats;
    return { content: readFileSync(descriptor), ownership: { uid, gid, mode: mode & PERMISSIONS } };
  } finally {
    closeSync(descriptor);
  }
}

function openExisting(directory: HeldDirectory, name: string, path: string): number | undefined {
  try {
    return openSync(directory.at(name), FLAGS);
  } catch (error) {
    const code = codeOfError(error);
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") throw refusePath(path, "is a symbolic link", `rm ${path}`);
    if (code === "ENXIO") throw refusePath(path, "is not a regular file", `rm ${path}`);
    throw error;
  }
}

function checkPlain(stats: Stats, path: string, owners: readonly number[]): void {
  if (!stats.isFile()) throw refusePath(path, "is not a regular file", `ls -ld ${path}`);
  if (stats.nlink > 1) {
    throw refusePath(path, `is hard-linked from ${stats.nlink - 1} more places`, `rm ${path}`);
  }
  if (!owners.includes(stats.uid)) {
    throw refusePath(path, `belongs to another user (uid ${stats.uid})`, `rm ${path}`);
  }
  if (stats.size > LIMIT) throw refusePath(path, "is larger than 1 MiB", `ls -l ${path}`);
}
