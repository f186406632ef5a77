import { copyFileSync, lstatSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { hashPolicy } from "../../keys/signer/policy-file.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "./operator-error.ts";
import { type PolicyFile, readPolicyFile, readPolicyText } from "./policy-file.ts";
import { replaceFile } from "./replace-file.ts";
import { type Finished, finishReplacing, replaceTogether } from "./replace-together.ts";

/** A policy's text and the texts of what it includes, by name. */
export type PolicyTexts = Pick<PolicyFile, "text" | "included">;

/** SHA-256 of a policy with what it includes, hex; as the log, the ledger and keysigner name it. */
export const hashTexts = ({ text, included }: PolicyTexts): string =>
  hashPolicy(text, [...included.values()].join(""));

/**
 * Writes a checked policy to `file`, and what it includes beside it.
 *
 * @throws OperatorError, before anything is written, when an included file has the name of `file`.
 */
export function writePolicy(file: string, { text, included }: PolicyTexts): void {
  const folder = dirname(file);
  refuseOwnName(basename(file), included);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const [name, content] of included) {
    // The policy's reader takes plain names only; a path would lead out of the folder.
    if (name !== basename(name)) throw new TypeError(`a policy includes a path: ${name}`);
    replaceFile(join(folder, name), content, 0o644);
  }
  replaceFile(file, text, 0o644);
}

function refuseOwnName(name: string, included: PolicyTexts["included"]): void {
  if (!included.has(name)) return;
  throw new OperatorError(`the policy includes a file ${name}, which would be its own name`, {
    hint: "give the included file another name, as inventory.yaml; nothing was changed",
    exitCode: EXIT.unhealthy,
  });
}

/**
 * Makes a policy the file that operators edit; a link there stays a link.
 *
 * What stands there now and is in none of the versions that `knows` tells is kept beside it.
 *
 * @returns the files that were kept.
 */
export function replaceEdited(
  file: string,
  texts: PolicyTexts,
  knows: (hash: string) => boolean,
): readonly string[] {
  const present = readPolicyFile(file);
  const hash = present instanceof Error ? undefined : hashTexts(present);
  if (hash === hashTexts(texts)) return [];
  const kept = hash !== undefined && knows(hash) ? [] : keepPresent(file, texts);
  const target = isLink(file) ? realpathSync(file) : file;
  const { text, included } = texts;
  // What it includes is looked for beside the link.
  const beside = [...included].map(
    ([name, content]) => [join(dirname(file), name), content] as const,
  );
  replaceTogether(journalOf(file), new Map([...beside, [target, text]]));
  return kept;
}

const journalOf = (file: string): string => `${file}.unfinished`;

/** Goes through with a {@link replaceEdited} that was cut off between its files; undefined when there was none. */
export const finishEdited = (file: string): Finished | undefined =>
  finishReplacing(journalOf(file));

function keepPresent(file: string, { text, included }: PolicyTexts): readonly string[] {
  const next: readonly (readonly [string, string])[] = [
    [file, text],
    ...[...included].map(([name, content]) => [join(dirname(file), name), content] as const),
  ];
  return next.flatMap(([path, content]) => {
    const present = readPolicyText(path);
    if (present === content || isMissing(path)) return [];
    const copy = `${path}.unapplied-${hashPolicy(present instanceof Error ? "" : present).slice(0, 8)}`;
    copyFileSync(path, copy);
    return [copy];
  });
}

const statusOf = (file: string): ReturnType<typeof lstatSync> | undefined =>
  lstatSync(file, { throwIfNoEntry: false });
const isLink = (file: string): boolean => statusOf(file)?.isSymbolicLink() === true;
const isMissing = (file: string): boolean => statusOf(file) === undefined;
