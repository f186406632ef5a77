import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Check } from "typebox/value";
import type { CredentialRecord } from "../agent/credential.ts";
import { PLACES } from "../agent/paths.ts";
import { codeOfError } from "../terminal/failure.ts";
import type { Disk, Ownership } from "./disk.ts";
import { Generation, type StoredFile } from "./generation.ts";
import { readFileAt, replaceFile } from "./replace-file.ts";

/**
 * What is about to be put in place (`staged`) and what was there before it (`previous`), one file
 * for each grant.
 *
 * A staged generation is a promise: from the moment it is on disk every run finishes it before
 * anything else, so that a stop between two renames is repaired at the next start.
 */
export type Journal = {
  /** Keeps what stands now with `record`, the description of it, and then promises `generation`. */
  readonly begin: (generation: Generation, record: CredentialRecord | undefined) => void;
  readonly finish: (grant: string) => void;
  /** The grants that an interrupted run left unfinished. */
  readonly unfinished: () => readonly string[];
  readonly staged: (grant: string) => Generation | undefined;
  readonly previous: (grant: string) => Generation | undefined;
};

/** Keeps generations under keyclient's own folder. */
export function createJournal(disk: Disk, owner: Ownership): Journal {
  const read = (folder: string, grant: string): Generation | undefined =>
    parseGeneration(readFileAt(disk, fileOf(folder, grant), owner.uid)?.content);
  return {
    begin: (generation, record) => {
      savePrevious(disk, owner, generation, record);
      disk.step("journal");
      replaceFile(disk, fileOf(PLACES.staged, generation.grant), encode(generation), owner);
    },
    finish: (grant) => {
      disk.step("journal end");
      rmSync(join(disk.root, fileOf(PLACES.staged, grant)), { force: true });
    },
    unfinished: () => listGrants(join(disk.root, PLACES.staged)),
    staged: (grant) => read(PLACES.staged, grant),
    previous: (grant) => read(PLACES.previous, grant),
  };
}

const ENDING = ".json";

const fileOf = (folder: string, grant: string): string => `${folder}/${grant}${ENDING}`;

const encode = (generation: Generation): Buffer => Buffer.from(`${JSON.stringify(generation)}\n`);

function savePrevious(
  disk: Disk,
  owner: Ownership,
  { grant, files }: Generation,
  record: CredentialRecord | undefined,
): void {
  const standing = files.flatMap((file) => standingAt(disk, file));
  if (standing.length === 0) return;
  const generation: Generation = {
    schema: 1,
    grant,
    files: standing,
    ...(record === undefined ? {} : { record }),
  };
  replaceFile(disk, fileOf(PLACES.previous, grant), encode(generation), owner);
}

function standingAt(disk: Disk, file: StoredFile): readonly StoredFile[] {
  const existing = readFileAt(disk, file.path, file.uid);
  if (existing === undefined) return [];
  const { ownership, content } = existing;
  return [{ path: file.path, ...ownership, content: content.toString("base64") }];
}

function parseGeneration(content: Buffer | undefined): Generation | undefined {
  if (content === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(content.toString());
    return Check(Generation, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function listGrants(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(ENDING));
    return names.map((name) => name.slice(0, -ENDING.length)).sort();
  } catch (error) {
    if (codeOfError(error) === "ENOENT") return [];
    throw error;
  }
}
