import { accessSync, constants, statfsSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { KeysystemError } from "../../protocol/problems.ts";
import type { GroupCommit } from "./group-commit.ts";
import { unavailable } from "./unavailable.ts";

export type ProbeDeps = {
  readonly db: Database;
  readonly group: GroupCommit;
  readonly now: () => number;
};

/** Room that a few commits need. */
const MIN_FREE_BYTES = 256 * 1024;

/**
 * Creates the question whether the ledger can be written now. A healthy ledger is asked without a write,
 * since anyone may ask for readiness; after a write or a probe that failed, only a write that succeeds is believed.
 */
export function createProbe({ db, group, now }: ProbeDeps): () => Promise<void> {
  const touch = db.prepare<[number]>("UPDATE schema SET probed = ?");
  let failed = false;
  return async () => {
    try {
      checkDisk(db.name);
      const at = failed || group.lastFailed() ? now() : undefined;
      await group.write(() => (at === undefined ? undefined : touch.run(at)));
      failed = false;
    } catch (error) {
      failed = true;
      throw error instanceof KeysystemError ? error : unavailable(error);
    }
  };
}

/** @throws Error when the file system of `file` takes no writes. */
function checkDisk(file: string): void {
  accessSync(file, constants.W_OK);
  const { bavail, bsize } = statfsSync(file);
  if (bavail * bsize >= MIN_FREE_BYTES) return;
  throw new Error(`the disk is full: ${bavail * bsize} bytes are left for ${file}`);
}
