import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, relative } from "node:path";
import { EXIT } from "../../../protocol/exit-codes.ts";
import { readExisting } from "../../files/existing-file.ts";
import { openDirectory, type HeldDirectory } from "../../files/held-directory.ts";
import { codeOfError, Failure, messageOf } from "../../terminal/failure.ts";
import type { RequestDeps } from "../deps.ts";

/** Where private files live, and whose they are. */
export type DataFolder = Pick<RequestDeps, "places" | "uid">;

const FOLDER = 0o700;

/** Mode of what nobody else may read. */
export const SECRET = 0o600;
/** Mode of what other programs of this person read, and others may. */
export const OPEN = 0o644;

/**
 * Runs `work` in a folder below the data folder; undefined when the folder is not there and not to
 * be made. No symbolic link below the data folder is followed.
 *
 * @throws Failure naming what was refused: a link, somebody else's folder, one that others can write.
 */
export function inPrivateFolder<T>(
  data: DataFolder,
  path: string,
  { create }: { readonly create: boolean },
  work: (folder: HeldDirectory) => T,
): T | undefined {
  try {
    if (create) mkdirSync(data.places.data, { recursive: true, mode: FOLDER });
    const folder = openDirectory(diskOf(data), below(data, path), create ? { create: FOLDER } : {});
    try {
      return work(folder);
    } finally {
      folder.close();
    }
  } catch (error) {
    if (!create && codeOfError(error) === "ENOENT") return undefined;
    throw explain(data, error);
  }
}

const diskOf = ({ places, uid }: DataFolder) => ({
  root: places.data,
  uid,
  step: (): void => undefined,
});

const below = ({ places }: DataFolder, path: string): string => `/${relative(places.data, path)}`;

function explain({ places: { data } }: DataFolder, error: unknown): Failure {
  const text = messageOf(error);
  // Paths in messages from below are seen from the data folder.
  const message = text.startsWith("/") && !text.startsWith(data) ? `${data}${text}` : text;
  const hint = `look:  ls -la ${data}      see what is held:  keyreq status`;
  return new Failure(EXIT.unexpected, message, [hint], { cause: error });
}

/** Reads a file below the data folder; undefined when it is not there. @throws Failure for what is no plain file of this person. */
export const readPrivateFile = (data: DataFolder, path: string): string | undefined =>
  inPrivateFolder(data, dirname(path), { create: false }, (folder) =>
    readInFolder(data, folder, basename(path)),
  );

/** Reads a file of a folder that is held open; undefined when it is not there. @throws Failure as above */
export const readInFolder = (
  data: DataFolder,
  folder: HeldDirectory,
  name: string,
): string | undefined => readExisting(diskOf(data), folder, name, data.uid)?.content.toString();

/**
 * Replaces a file below the data folder as a whole; it has its mode from the first byte. Folders on
 * the way are made for this person alone.
 *
 * @throws Failure
 */
export function writePrivateFile(
  data: DataFolder,
  path: string,
  content: string,
  mode: number = SECRET,
): void {
  const name = basename(path);
  // Of its own name, since several keyreqs may be at work.
  const temporary = `.${name}.${randomBytes(6).toString("hex")}`;
  inPrivateFolder(data, dirname(path), { create: true }, (folder) => {
    try {
      writeNewFile(folder, temporary, content, mode);
      renameSync(folder.at(temporary), folder.at(name));
    } catch (error) {
      rmSync(folder.at(temporary), { force: true });
      throw error;
    }
    folder.sync();
  });
}

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Writes and syncs a file that must not be there yet. */
export function writeNewFile(
  folder: HeldDirectory,
  name: string,
  content: string | Uint8Array,
  mode: number,
): void {
  const descriptor = openSync(folder.at(name), NEW, SECRET);
  try {
    fchmodSync(descriptor, mode);
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
