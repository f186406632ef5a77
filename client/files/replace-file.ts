import { basename, dirname } from "node:path";
import { codeOfError } from "../terminal/failure.ts";
import type { Disk, Ownership } from "./disk.ts";
import { readExisting, type ExistingFile } from "./existing-file.ts";
import { openDirectory, type DirectoryOptions, type HeldDirectory } from "./held-directory.ts";
import { explainSystemError } from "./refusal.ts";
import { commitFile, discardStaged, stageFile } from "./staged-file.ts";

/** Mode of directories made for the files of services. */
export const SERVICE_DIRECTORY = 0o755;
/** Mode of directories made for keyclient's own files. */
export const PRIVATE_DIRECTORY = 0o700;

/**
 * Replaces one file as a whole: readers see the old content or the new, also after a power cut.
 * An identical file is left alone. Gives whether anything changed.
 *
 * @throws Failure naming the path when it is refused or the disk does not take it.
 */
export function replaceFile(
  disk: Disk,
  path: string,
  content: Uint8Array,
  ownership: Ownership,
  create: number = PRIVATE_DIRECTORY,
): boolean {
  const changed = inDirectory(disk, path, { owner: ownership.uid, create }, (directory, name) => {
    const existing = readExisting(disk, directory, name, ownership.uid);
    if (existing !== undefined && isSame(disk, existing, content, ownership)) return false;
    try {
      stageFile(disk, directory, name, content, ownership);
      commitFile(disk, directory, name);
    } catch (error) {
      discardStaged(directory, name);
      throw error;
    }
    directory.sync();
    return true;
  });
  return changed ?? false;
}

/** Whether `existing` is already what is wanted; ownership is not looked at where it cannot be given. */
export const isSame = (
  disk: Disk,
  existing: ExistingFile,
  content: Uint8Array,
  wanted: Ownership,
): boolean =>
  existing.content.equals(content) &&
  existing.ownership.mode === wanted.mode &&
  (disk.uid !== 0 ||
    (existing.ownership.uid === wanted.uid && existing.ownership.gid === wanted.gid));

/** Reads a file through a checked directory; undefined when it or its directory is not there. */
export function readFileAt(disk: Disk, path: string, owner: number): ExistingFile | undefined {
  return inDirectory(disk, path, { owner }, (directory, name) =>
    readExisting(disk, directory, name, owner),
  );
}

/**
 * Holds the directory of `path` while `work` runs; undefined when it is not there and not to be made.
 *
 * @throws Failure naming `path`.
 */
export function inDirectory<T>(
  disk: Disk,
  path: string,
  options: DirectoryOptions,
  work: (directory: HeldDirectory, name: string) => T,
): T | undefined {
  try {
    const directory = openDirectory(disk, dirname(path), options);
    try {
      return work(directory, basename(path));
    } finally {
      directory.close();
    }
  } catch (error) {
    if (options.create === undefined && codeOfError(error) === "ENOENT") return undefined;
    throw explainSystemError(path, error);
  }
}
