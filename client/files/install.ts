import { basename, dirname } from "node:path";
import type { Disk } from "./disk.ts";
import { readExisting, type ExistingFile } from "./existing-file.ts";
import { contentOf, type Generation, type StoredFile } from "./generation.ts";
import { openDirectory, type HeldDirectory } from "./held-directory.ts";
import { explainSystemError } from "./refusal.ts";
import { isSame, SERVICE_DIRECTORY } from "./replace-file.ts";
import { commitFile, discardStaged, stageFile } from "./staged-file.ts";

type Target = {
  readonly file: StoredFile;
  readonly directory: HeldDirectory;
  readonly name: string;
  readonly existing: ExistingFile | undefined;
};

/**
 * Puts a generation in place: every file is written and synced beside its target first, then all
 * are renamed back to back, key before certificate (etcd refuses every handshake on a pair that
 * does not fit). Doing it twice is doing it once.
 *
 * @throws Failure naming the path that was refused or not taken; the files that were there stand
 *   again then.
 */
export function installGeneration(disk: Disk, generation: Generation): void {
  const targets: Target[] = [];
  try {
    for (const file of generation.files)
      targets.push(explained(file, () => openTarget(disk, file)));
    const changed = targets.filter((target) => !isInPlace(disk, target));
    stageAll(disk, changed);
    commitAll(disk, changed);
  } finally {
    for (const { directory } of targets) directory.close();
  }
}

function explained<T>(file: StoredFile, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainSystemError(file.path, error);
  }
}

function openTarget(disk: Disk, file: StoredFile): Target {
  const options = { owner: file.uid, create: SERVICE_DIRECTORY };
  const directory = openDirectory(disk, dirname(file.path), options);
  const name = basename(file.path);
  try {
    return { file, directory, name, existing: readExisting(disk, directory, name, file.uid) };
  } catch (error) {
    directory.close();
    throw error;
  }
}

const isInPlace = (disk: Disk, { file, existing }: Target): boolean =>
  existing !== undefined && isSame(disk, existing, contentOf(file), file);

function stageAll(disk: Disk, targets: readonly Target[]): void {
  try {
    for (const { file, directory, name } of targets) {
      explained(file, () => stageFile(disk, directory, name, contentOf(file), file));
    }
  } catch (error) {
    for (const { directory, name } of targets) discardStaged(directory, name);
    throw error;
  }
}

function commitAll(disk: Disk, targets: readonly Target[]): void {
  const committed: Target[] = [];
  try {
    for (const target of targets) {
      explained(target.file, () => commitFile(disk, target.directory, target.name));
      committed.push(target);
    }
  } catch (error) {
    putBack(disk, committed);
    throw error;
  }
  for (const { directory } of targets) {
    disk.step("sync directory");
    directory.sync();
  }
}

// A pair of which only one half could be renamed must not stay: the old half comes back.
function putBack(disk: Disk, committed: readonly Target[]): void {
  for (const { directory, name, existing } of committed) {
    if (existing === undefined) continue;
    stageFile(disk, directory, name, existing.content, existing.ownership);
    commitFile(disk, directory, name);
  }
}
