import { hash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { replaceFile, syncFolder } from "./replace-file.ts";

/** A file that is to be replaced: SHA-256 (hex) of what it held, null where it was not there, and what it will hold. */
type Planned = { readonly file: string; readonly before: string | null; readonly text: string };

/** What became of a replacement that was cut off: gone through with, or left alone since somebody wrote since. */
export type Finished = "finished" | "left";

/**
 * Replaces files that belong together. One rename cannot do it, so `journal` says first what is to come, and
 * {@link finishReplacing} goes through with what a cut has left half done.
 */
export function replaceTogether(journal: string, texts: ReadonlyMap<string, string>): void {
  const planned = [...texts].map(([file, text]) => ({ file, before: digestOf(file), text }));
  const changing = planned.filter(({ before, text }) => before !== digest(text));
  if (changing.length > 1) replaceFile(journal, JSON.stringify(changing), 0o600);
  for (const { file, text } of changing) replaceFile(file, text, 0o644);
  removeJournal(journal);
}

/**
 * Goes through with a replacement that was cut off; undefined when there was none.
 *
 * A file that holds neither what it held nor what it was to hold was edited since: then all of them are left as they are.
 */
export function finishReplacing(journal: string): Finished | undefined {
  if (!existsSync(journal)) return undefined;
  const planned: readonly Planned[] = JSON.parse(readFileSync(journal, "utf8"));
  const isOurs = planned.every(({ file, before, text }) =>
    [before, digest(text)].includes(digestOf(file)),
  );
  if (isOurs) for (const { file, text } of planned) replaceFile(file, text, 0o644);
  removeJournal(journal);
  return isOurs ? "finished" : "left";
}

function removeJournal(journal: string): void {
  if (!existsSync(journal)) return;
  rmSync(journal);
  syncFolder(dirname(journal));
}

const digest = (text: string | Buffer): string => hash("sha256", text);

const digestOf = (file: string): string | null =>
  existsSync(file) ? digest(readFileSync(file)) : null;
