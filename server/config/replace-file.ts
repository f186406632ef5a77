import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

/**
 * Replaces a file in one step that survives a power cut; the mode is set before the first byte, and a file that was
 * there keeps its owner.
 */
export function replaceFile(file: string, text: string, mode: number): void {
  const staged = `${file}.new`;
  const before = lstatSync(file, { throwIfNoEntry: false });
  rmSync(staged, { force: true });
  // Made anew, so that nothing is written through a link that somebody has put there.
  const handle = openSync(staged, "wx", mode);
  try {
    // Whatever the umask: what another user has to read, it can.
    fchmodSync(handle, mode);
    if (before !== undefined && process.geteuid?.() === 0) {
      fchownSync(handle, before.uid, before.gid);
    }
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(staged, file);
  syncFolder(dirname(file));
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
