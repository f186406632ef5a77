import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { EXIT } from "../../../protocol/exit-codes.ts";
import { codeOfError, Failure, messageOf } from "../../terminal/failure.ts";

/** A file of the person's own, that other programs write too, as it was when it was read. */
export type EditableFile = {
  /** As people know it. */
  readonly path: string;
  /** Where it is, all symbolic links followed; it is replaced there, and the links stay. */
  readonly target: string;
  /** Undefined when it is not there. */
  readonly content: Buffer | undefined;
  /** Why it cannot be changed: `is read-only`; undefined when it can. */
  readonly obstacle: string | undefined;
  readonly mode: number;
  readonly gid: number;
};

// O_NONBLOCK: opening a FIFO must not wait for its writer.
const READ = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const LIMIT = 1024 * 1024;
const OWNER_WRITES = 0o200;
const PERMISSIONS = 0o7777;
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/** Reads a file that may have to be changed. What stands in the way is said and not thrown. */
export function readEditable(path: string, uid: number): EditableFile {
  const blank = { path, target: path, content: undefined, mode: PRIVATE_FILE, gid: -1 };
  try {
    const target = resolveLinks(path);
    if (target === undefined) return { ...blank, obstacle: "is a symbolic link to nothing" };
    const descriptor = openSync(target, READ);
    try {
      const stats = fstatSync(descriptor);
      const obstacle = obstacleIn(stats, uid);
      const isReadable = stats.isFile() && stats.size <= LIMIT;
      const content = isReadable ? readFileSync(descriptor) : undefined;
      const { mode, gid } = stats;
      return { path, target, content, obstacle, mode: mode & PERMISSIONS, gid };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const isMissing = codeOfError(error) === "ENOENT";
    return { ...blank, obstacle: isMissing ? undefined : explain(error) };
  }
}

/** Where the links of a path lead; undefined when the last one dangles. @throws ENOENT where nothing is. */
function resolveLinks(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (codeOfError(error) === "ENOENT" && isLink(path)) return undefined;
    throw error;
  }
}

const isLink = (path: string): boolean => {
  lstatSync(path);
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
};

function obstacleIn(stats: Stats, uid: number): string | undefined {
  if (!stats.isFile()) return "is not a regular file";
  if (stats.size > LIMIT) return "is larger than 1 MiB";
  if (stats.uid !== uid) return `belongs to another user (uid ${stats.uid})`;
  if (stats.nlink > 1) return `is hard-linked from ${stats.nlink - 1} more places`;
  if ((stats.mode & OWNER_WRITES) === 0) return "is read-only";
  return undefined;
}

const REASONS = new Map([
  ["EACCES", "permission denied"],
  ["ELOOP", "its symbolic links lead in a circle"],
  ["ENXIO", "is not a regular file"],
  ["ENOTDIR", "its folder is not a folder"],
  ["EROFS", "is on a read-only file system"],
  ["ENOSPC", "no space left on the device"],
  ["EDQUOT", "disk quota exceeded"],
]);

const explain = (error: unknown): string =>
  REASONS.get(codeOfError(error) ?? "") ?? messageOf(error);

/**
 * Puts `content` in the place of a file, as a whole and with its mode and group; undefined removes
 * it. A missing folder is made with mode 0700, a missing file with 0600.
 *
 * @throws Failure (exit 5) when there is an obstacle or the file was changed meanwhile; then
 *   nothing has changed.
 */
export function replaceEditable(
  file: EditableFile,
  content: Buffer | undefined,
  { uid, hints }: { readonly uid: number; readonly hints: readonly string[] },
): void {
  const refuse = (why: string, cause?: unknown): Failure =>
    new Failure(EXIT.unhealthy, `${file.path} ${why}; it was not changed`, hints, { cause });
  if (file.obstacle !== undefined) throw refuse(file.obstacle);
  try {
    if (file.content === undefined)
      mkdirSync(dirname(file.path), { recursive: true, mode: PRIVATE_FOLDER });
    const staged = content === undefined ? undefined : stage(file, content, uid);
    const now = readEditable(file.path, uid);
    if (now.target !== file.target || !isSame(now.content, file.content)) {
      if (staged !== undefined) rmSync(staged, { force: true });
      throw refuse("was changed by another program just now");
    }
    if (staged === undefined) rmSync(file.target, { force: true });
    else renameSync(staged, file.target);
    syncFolder(dirname(file.target));
  } catch (error) {
    throw error instanceof Failure ? error : refuse(`cannot be written: ${explain(error)}`, error);
  }
}

const isSame = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.equals(b);

/** Writes the new file beside the old one. */
function stage(
  { target, mode, gid, content: old }: EditableFile,
  content: Buffer,
  uid: number,
): string {
  const name = `.${basename(target)}.${randomBytes(6).toString("hex")}`;
  const path = join(dirname(target), name);
  const descriptor = openSync(path, NEW, PRIVATE_FILE);
  try {
    if (old !== undefined && fstatSync(descriptor).gid !== gid) fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode);
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
    return path;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
