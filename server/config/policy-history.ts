import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "./operator-error.ts";
import type { ServerPaths } from "./paths.ts";
import { readPolicyFile } from "./policy-file.ts";
import { replaceFile, syncFolder } from "./replace-file.ts";
import { parseVersionRecord, type VersionRecord } from "./version-record.ts";
import { hashTexts, type PolicyTexts, writePolicy } from "./write-policy.ts";

/** A policy that was put into force; `changes` counts what it changed, where that is known. */
export type Version = VersionRecord & {
  /** Its text; what it includes lies beside. */
  readonly file: string;
};

type Applied = Pick<ServerPaths, "applied">;

/** Versions that are kept. */
const KEPT = 100;
const RECORD = /^(\d{4,})-[0-9a-f]{8}\.json$/;

const folderOf = ({ applied }: Applied): string => join(dirname(applied), "history");

/**
 * Every version that is kept, the oldest first; the last one is the applied copy.
 *
 * An applied copy that no record tells of (init's, or one whose apply was cut off) counts with the next number.
 */
export function listVersions(paths: Applied): readonly Version[] {
  const kept = readRecords(folderOf(paths));
  const present = readPolicyFile(paths.applied);
  if (present instanceof Error) return kept;
  const last = kept.at(-1);
  const hash = hashTexts(present);
  if (last?.hash === hash) return kept;
  const at = Math.floor(statSync(paths.applied).mtimeMs / 1000);
  const by = last === undefined ? "init" : "unknown";
  return [...kept, { number: (last?.number ?? 0) + 1, hash, at, by, file: paths.applied }];
}

function readRecords(folder: string): readonly Version[] {
  return namesIn(folder)
    .filter((name) => RECORD.test(name))
    .flatMap((name) => {
      const record = readRecord(join(folder, name));
      const file = join(folder, name.replace(/\.json$/, ""), "policy.yaml");
      return record === undefined ? [] : [{ ...record, file }];
    })
    .toSorted((a, b) => a.number - b.number);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

function readRecord(file: string): VersionRecord | undefined {
  try {
    return parseVersionRecord(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** One version by its number. @throws OperatorError with the numbers that there are */
export function findVersion(paths: Applied, number: string): Version {
  const versions = listVersions(paths);
  const found = versions.find((version) => String(version.number) === number);
  if (found !== undefined) return found;
  const [first, last] = [versions.at(0)?.number, versions.at(-1)?.number];
  throw new OperatorError(`no version ${JSON.stringify(number.slice(0, 32))} of the policy`, {
    hint:
      first === undefined ? "none was applied" : `${first} to ${last}: keyserver policy history`,
    exitCode: EXIT.usage,
  });
}

/** The file that `text` names: a version where it is a number, itself otherwise. @throws OperatorError */
export const versionFile = (paths: Applied, text: string): string =>
  /^\d+$/.test(text) ? findVersion(paths, text).file : text;

/** Keeps the applied copy as a version if no record tells of it: it is about to be replaced. */
export function keepApplied(paths: Applied): void {
  const last = listVersions(paths).at(-1);
  const present = readPolicyFile(paths.applied);
  if (last === undefined || last.file !== paths.applied || present instanceof Error) return;
  const { file: _, ...record } = last;
  writeVersion(paths, present, record);
}

/** Keeps what was just put into force; the oldest beyond 100 go. Gives its number. */
export function recordVersion(
  paths: Applied,
  texts: PolicyTexts,
  facts: Pick<VersionRecord, "at" | "by" | "changes">,
): number {
  const last = readRecords(folderOf(paths)).at(-1);
  const number = (last?.number ?? 0) + 1;
  writeVersion(paths, texts, { number, hash: hashTexts(texts), ...facts });
  for (const { file } of readRecords(folderOf(paths)).slice(0, -KEPT)) removeVersion(dirname(file));
  return number;
}

/** The record is written last: a version that was cut off does not count, and is overwritten by the next. */
function writeVersion(paths: Applied, texts: PolicyTexts, record: VersionRecord): void {
  const folder = folderOf(paths);
  const name = `${String(record.number).padStart(4, "0")}-${record.hash.slice(0, 8)}`;
  const [staged, target] = [join(folder, `${name}.new`), join(folder, name)];
  for (const path of [staged, target]) rmSync(path, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writePolicy(join(staged, "policy.yaml"), texts);
  renameSync(staged, target);
  syncFolder(folder);
  replaceFile(`${target}.json`, `${JSON.stringify(record)}\n`, 0o644);
}

function removeVersion(folder: string): void {
  rmSync(`${folder}.json`, { force: true });
  rmSync(folder, { recursive: true, force: true });
}
