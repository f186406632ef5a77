import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Disk } from "../../../client/files/disk.ts";

/** A folder that stands for `/` and goes away with the test. */
export function makeRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "keyclient-"));
  chmodSync(root, 0o755);
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** A disk under `root` that takes every step. */
export const diskAt = (root: string, step: (name: string) => void = () => undefined): Disk => ({
  root,
  uid: process.geteuid?.() ?? 0,
  step,
});

/** Writes a file under a root, with its folders. */
export function put(root: string, path: string, content: string, mode = 0o644): void {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
  chmodSync(full, mode);
}

/** What keyclient's own files belong to in tests. */
export const OWN = {
  uid: process.geteuid?.() ?? 0,
  gid: process.getegid?.() ?? 0,
  mode: 0o600,
} as const;
