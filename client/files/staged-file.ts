import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import type { Disk, Ownership } from "./disk.ts";
import type { HeldDirectory } from "./held-directory.ts";

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const PRIVATE = 0o600;

/** The name under which a file waits beside its target; one for each, so that a leftover is replaced. */
export const stagedName = (name: string): string => `.${name}${STAGED}`;

const STAGED = ".keyclient-new";

/** Whether {@link stagedName} made this name. */
export const isStagedName = (name: string): boolean => name.endsWith(STAGED);

/**
 * Writes `content` beside its target and syncs it. Owner and mode are set while the file is empty
 * and nobody but its maker can open it.
 */
export function stageFile(
  disk: Disk,
  directory: HeldDirectory,
  name: string,
  content: Uint8Array,
  ownership: Ownership,
): void {
  const path = directory.at(stagedName(name));
  disk.step(`clear ${name}`);
  rmSync(path, { force: true });
  disk.step(`create ${name}`);
  const descriptor = openSync(path, FLAGS, PRIVATE);
  try {
    if (disk.uid === 0) fchownSync(descriptor, ownership.uid, ownership.gid);
    fchmodSync(descriptor, ownership.mode);
    disk.step(`write ${name}`);
    writeAll(descriptor, content);
    disk.step(`sync ${name}`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Moves a staged file over its target (rename(2) in the held directory). */
export function commitFile(disk: Disk, directory: HeldDirectory, name: string): void {
  disk.step(`rename ${name}`);
  renameSync(directory.at(stagedName(name)), directory.at(name));
}

/** Removes what an interrupted run left beside a target. */
export const discardStaged = (directory: HeldDirectory, name: string): void =>
  rmSync(directory.at(stagedName(name)), { force: true });

function writeAll(descriptor: number, content: Uint8Array): void {
  for (let at = 0; at < content.length;) at += writeSync(descriptor, content, at);
}
