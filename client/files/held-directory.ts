import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
} from "node:fs";
import { codeOfError } from "../terminal/failure.ts";
import type { Disk } from "./disk.ts";
import { refusePath } from "./refusal.ts";

/**
 * An open directory. Names are resolved against what was opened and checked, so that renaming or
 * replacing the directory behind keyclient's back cannot lead a write elsewhere.
 */
export type HeldDirectory = {
  readonly path: string;
  /** A path to `name` in this directory, whatever its own path leads to by now. */
  readonly at: (name: string) => string;
  readonly sync: () => void;
  readonly close: () => void;
};

export type DirectoryOptions = {
  /** Whose directory it may be beside root's and keyclient's own. */
  readonly owner?: number;
  /** Mode of directories that are made on the way; absent: none are made. */
  readonly create?: number;
};

const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const OTHERS_MAY_WRITE = 0o022;

/**
 * Opens the directory `path` (absolute, as seen under the disk's root), one component at a time
 * and without following a symbolic link (the effect of openat(2) with O_NOFOLLOW).
 *
 * @throws Failure when a component is a link, is not a directory, or can be changed by others.
 */
export function openDirectory(disk: Disk, path: string, options: DirectoryOptions): HeldDirectory {
  let held = openSync(disk.root, constants.O_RDONLY | constants.O_DIRECTORY);
  const names = componentsOf(path);
  try {
    checkDirectory(disk, held, "/", names.length === 0 ? options.owner : undefined);
    for (const [at, name] of names.entries()) {
      const seen = `/${names.slice(0, at + 1).join("/")}`;
      const next = enter(disk, held, name, seen, options.create);
      closeSync(held);
      held = next;
      checkDirectory(disk, held, seen, at === names.length - 1 ? options.owner : undefined);
    }
  } catch (error) {
    closeSync(held);
    throw error;
  }
  return {
    path,
    at: (name) => within(held, name),
    sync: () => fsyncSync(held),
    close: () => closeSync(held),
  };
}

/** The names in an absolute path. @throws Failure when it is relative or contains `.`, `..` or a control character. */
export function componentsOf(path: string): readonly string[] {
  const names = path.split("/").slice(1);
  if (path === "/") return [];
  const wrong = names.some((name) => name === "" || name === "." || name === "..");
  if (!path.startsWith("/") || wrong || hasControl(path)) {
    throw refusePath(
      JSON.stringify(path),
      "is not a plain absolute path",
      "write it without . and ..",
    );
  }
  return names;
}

const hasControl = (text: string): boolean => /\p{Cc}/u.test(text);

const within = (descriptor: number, name: string): string => `/proc/self/fd/${descriptor}/${name}`;

function enter(
  disk: Disk,
  parent: number,
  name: string,
  seen: string,
  create: number | undefined,
): number {
  try {
    return openSync(within(parent, name), FLAGS);
  } catch (error) {
    const code = codeOfError(error);
    if (code === "ENOENT" && create !== undefined) return make(disk, parent, name, create);
    if (code === "ELOOP" || code === "ENOTDIR")
      throw refusePath(seen, kindAt(parent, name), LINK_HINT);
    throw error;
  }
}

const LINK_HINT = "name the real path in a recipe of your own under /etc/keysystem/recipes";

const kindAt = (parent: number, name: string): string =>
  lstatSync(within(parent, name)).isSymbolicLink() ? "is a symbolic link" : "is not a directory";

function make(disk: Disk, parent: number, name: string, mode: number): number {
  disk.step(`mkdir ${name}`);
  mkdirSync(within(parent, name), { mode });
  fsyncSync(parent);
  return openSync(within(parent, name), FLAGS);
}

function checkDirectory(disk: Disk, held: number, seen: string, owner: number | undefined): void {
  const { uid, mode } = fstatSync(held);
  if (uid !== 0 && uid !== disk.uid && uid !== owner) {
    throw refusePath(seen, `belongs to another user (uid ${uid})`, `chown root ${seen}`);
  }
  if ((mode & OTHERS_MAY_WRITE) !== 0) {
    throw refusePath(seen, "can be written by others than its owner", `chmod go-w ${seen}`);
  }
}
