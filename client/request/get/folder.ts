import { randomBytes } from "node:crypto";
import { realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "../../../protocol/exit-codes.ts";
import { readExisting } from "../../files/existing-file.ts";
import { openDirectory, type HeldDirectory } from "../../files/held-directory.ts";
import { explainSystemError } from "../../files/refusal.ts";
import { codeOfError, Failure } from "../../terminal/failure.ts";
import type { DeliveryRecord } from "./record.ts";
import { writeNewFile } from "../held/private-file.ts";

/** A file to be put into the person's folder. */
export type NewFile = {
  readonly name: string;
  readonly content: string | Buffer;
  readonly mode: number;
};

/** The folder that `--out` names, held open. */
export type OutFolder = {
  /** @throws Failure for a file of one of these names that is not ours to replace. */
  readonly check: (names: readonly string[]) => void;
  /** Puts the files there, key first, and gives their paths. @throws Failure */
  readonly write: (files: readonly NewFile[]) => readonly string[];
  readonly close: () => void;
};

export type OutFolderOptions = {
  readonly uid: number;
  readonly grant: string;
  readonly record: DeliveryRecord;
  /** Whether to replace whatever is there. */
  readonly force: boolean;
};

/**
 * Opens a folder that is there, is this person's or root's, and that nobody else can write to.
 *
 * @throws Failure
 */
export function openOutFolder(out: string, options: OutFolderOptions): OutFolder {
  const { uid, grant, record, force } = options;
  const path = findFolder(out, uid);
  const disk = { root: path, uid, step: (): void => undefined };
  const folder = explained(path, () => openDirectory(disk, "/", {}));
  const check = (names: readonly string[]): void => {
    for (const name of names) {
      const existing = explained(path, () => readExisting(disk, folder, name, uid));
      if (existing === undefined || force) continue;
      if (!record.holds(join(path, name), grant, existing.content)) {
        throw isForeign(join(path, name), grant);
      }
    }
  };
  return {
    check,
    write(files) {
      const names = files.map(({ name }) => name);
      check(names);
      explained(path, () => replaceAll(folder, files, names));
      const paths = files.map(({ name, content }) => ({ path: join(path, name), content }));
      record.add(grant, paths);
      return paths.map((each) => each.path);
    },
    close: folder.close,
  };
}

const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;

function findFolder(out: string, own: number): string {
  const path = resolve(out);
  const stats = statSync(path);
  if (!stats.isDirectory()) throw refuse(`${out} is no folder`, `ls -l ${out}`);
  if (stats.uid !== own && stats.uid !== 0) {
    throw refuse(`${out} is another user's (uid ${stats.uid})`, "mkdir -m 700 a folder of yours");
  }
  if ((stats.mode & OTHERS_MAY_WRITE) !== 0) {
    const what = (stats.mode & STICKY) === 0 ? `chmod go-w ${out}` : "mkdir -m 700 a folder in it";
    throw refuse(`others can write to ${out}, and could put a key of theirs in place`, what);
  }
  return path;
}

function resolve(out: string): string {
  try {
    return realpathSync(out);
  } catch (error) {
    if (codeOfError(error) !== "ENOENT") throw explainSystemError(out, error);
    throw refuse(`there is no folder ${out}`, `mkdir -m 700 ${out}`);
  }
}

const refuse = (message: string, hint: string): Failure =>
  new Failure(EXIT.usage, `${message}; nothing was asked for`, [hint]);

const isForeign = (path: string, grant: string): Failure =>
  new Failure(
    EXIT.usage,
    `${path} is there, and is not what keyreq get ${grant} put there; nothing was written`,
    ["another --out, or replace it:  --force"],
  );

/** Names in messages from below are seen from the folder, which is `/` there. */
function explained<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Failure)) throw explainSystemError(path, error);
    const name = (text: string): string => text.replaceAll("//", `${path}/`);
    throw new Failure(error.exit, name(error.message), error.hints.map(name), { cause: error });
  }
}

/**
 * Stages all, takes away what was there but for the first, and moves all into place: at no time is
 * there a certificate beside a key that it does not fit.
 */
function replaceAll(
  folder: HeldDirectory,
  files: readonly NewFile[],
  names: readonly string[],
): void {
  const staged = files.map(({ name }) => `.${name}.${randomBytes(6).toString("hex")}`);
  const at = (name: string | undefined): string => folder.at(name ?? "");
  try {
    files.forEach(({ content, mode }, index) =>
      writeNewFile(folder, staged[index] ?? "", content, mode),
    );
    for (const name of names.slice(1)) rmSync(at(name), { force: true });
    names.forEach((name, index) => renameSync(at(staged[index]), at(name)));
  } finally {
    for (const name of staged) rmSync(at(name), { force: true });
  }
  folder.sync();
}
