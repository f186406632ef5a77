import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Something that a package puts on a machine, at a path without a leading slash. */
export type Entry =
  | { readonly kind: "file"; readonly content: string | Uint8Array; readonly mode: 0o644 | 0o755 }
  | { readonly kind: "link"; readonly to: string }
  | { readonly kind: "folder" };

/** The files of a package by path. */
export type Tree = ReadonlyMap<string, Entry>;

/** A file that is read. */
export const text = (content: string | Uint8Array): Entry => ({
  kind: "file",
  content,
  mode: 0o644,
});

/** A file that is run. */
export const program = (content: string | Uint8Array): Entry => ({
  kind: "file",
  content,
  mode: 0o755,
});

/** A symbolic link, `to` as it is to stand in it. */
export const link = (to: string): Entry => ({ kind: "link", to });

/** Several trees as one. @throws Error when two have the same path */
export function mergeTrees(trees: readonly Tree[]): Tree {
  const whole = new Map<string, Entry>();
  for (const [path, entry] of trees.flatMap((tree) => [...tree])) {
    if (whole.has(path)) throw new Error(`two files for ${path}`);
    whole.set(path, entry);
  }
  return whole;
}

/** Writes a tree into a folder that has none of it, with modes that no umask changes. */
export function writeTree(folder: string, tree: Tree): void {
  makeFolders(folder, ".");
  for (const [path, entry] of tree) {
    const target = join(folder, path);
    makeFolders(folder, entry.kind === "folder" ? path : dirname(path));
    if (entry.kind === "link") symlinkSync(entry.to, target);
    if (entry.kind === "file") {
      writeFileSync(target, entry.content, { flag: "wx" });
      chmodSync(target, entry.mode);
    }
  }
}

function makeFolders(root: string, path: string): void {
  if (path !== ".") makeFolders(root, dirname(path));
  mkdirSync(join(root, path), { recursive: true });
  chmodSync(join(root, path), 0o755);
}
