import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Disk } from "../files/disk.ts";
import { installGeneration } from "../files/install.ts";
import type { Journal } from "../files/journal.ts";
import { inDirectory } from "../files/replace-file.ts";
import { discardStaged, isStagedName } from "../files/staged-file.ts";
import { Failure, messageOf } from "../terminal/failure.ts";
import { settle } from "./accept.ts";
import type { Memory } from "./memory.ts";
import { PLACES } from "./paths.ts";

/** What recovery found: grants whose files were finished, and those that still cannot be. */
export type Recovery = {
  readonly finished: readonly string[];
  readonly stuck: readonly { readonly grant: string; readonly message: string }[];
};

/**
 * Finishes what an interrupted run had promised, before anything else is done: between the rename
 * of a key and that of its certificate the two do not fit each other.
 */
export function recover(disk: Disk, journal: Journal, memory: Memory): Recovery {
  const finished: string[] = [];
  const stuck: { readonly grant: string; readonly message: string }[] = [];
  for (const grant of journal.unfinished()) {
    try {
      if (finish(disk, journal, memory, grant)) finished.push(grant);
    } catch (error) {
      stuck.push({ grant, message: messageOf(error) });
    }
  }
  return { finished, stuck };
}

function finish(disk: Disk, journal: Journal, memory: Memory, grant: string): boolean {
  const generation = journal.staged(grant);
  // Staged as a whole or not at all: what cannot be read promises nothing.
  if (generation?.record === undefined) {
    journal.finish(grant);
    return false;
  }
  installGeneration(disk, generation);
  settle({ journal, memory }, generation.record);
  return true;
}

/** Removes what an interrupted run may have left in keyclient's own folder. */
export function sweepHome({ root }: Disk): void {
  const entries = readdirSync(join(root, PLACES.home), { recursive: true, withFileTypes: true });
  for (const { name, parentPath } of entries) {
    if (isStagedName(name)) rmSync(join(parentPath, name), { force: true });
  }
}

/** Removes what an interrupted run may have left beside these files. */
export function sweep(disk: Disk, targets: readonly { path: string; uid: number }[]): void {
  for (const { path, uid } of targets) {
    try {
      inDirectory(disk, path, { owner: uid }, discardStaged);
    } catch (error) {
      // A folder that is refused is reported by whoever wants to write there.
      if (!(error instanceof Failure)) throw error;
    }
  }
}
