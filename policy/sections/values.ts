import type { Written } from "../model.ts";
import type { Report } from "../report.ts";
import type { TextTree, Tree } from "../source/tree.ts";
import { nearestName, suggest } from "../suggestion.ts";
import { formatDuration, parseDuration } from "../text/duration.ts";

/** A list has at most so many entries. */
export const MAX_ENTRIES = 32;

/** Non-empty text; what YAML takes for something else must be quoted. */
export function readText(tree: Tree, what: string, report: Report): Written | undefined {
  if (tree.kind === "map" && tree.source.includes(":"))
    return refuseUnquoted(tree, what, tree.source, report);
  if (tree.kind !== "text") {
    report.error("E111", tree.place, `${what} must be text`, { label: `this is a ${tree.kind}` });
    return undefined;
  }
  if (tree.reads === "null" || tree.text === "") {
    report.error("E111", tree.place, `${what} is empty`, { label: "text is expected here" });
    return undefined;
  }
  if (tree.reads !== "string") return refuseUnquoted(tree, what, tree.text, report);
  return { text: tree.text, place: tree.place };
}

function refuseUnquoted(tree: Tree, what: string, source: string, report: Report): undefined {
  const taken = tree.kind === "text" ? tree.reads : "mapping";
  report.error("E111", tree.place, `${what} must be text, but ${source} reads as a ${taken}`, {
    help: `quote it: "${source.replace(/:$/, "::").replace(/:::$/, "::")}"`,
  });
  return undefined;
}

/** A list of distinct texts, not empty; one entry may stand without brackets. */
export function readList(tree: Tree, what: string, report: Report): readonly Written[] | undefined {
  const items = tree.kind === "list" ? tree.items : [tree];
  if (items.length === 0) {
    report.error("E306", tree.place, `${what} is an empty list`, {
      label: "an empty list could be read as none or as all",
      help: "name what is meant, or leave the key out",
    });
    return undefined;
  }
  if (items.length > MAX_ENTRIES) {
    report.error(
      "E303",
      tree.place,
      `${what} has ${items.length} entries, the limit is ${MAX_ENTRIES}`,
    );
    return undefined;
  }
  const texts = items.map((item) =>
    readText(item, tree.kind === "list" ? `an entry of ${what}` : what, report),
  );
  const written = texts.filter((text) => text !== undefined);
  return written.length === items.length && areDistinct(written, what, report)
    ? written
    : undefined;
}

function areDistinct(texts: readonly Written[], what: string, report: Report): boolean {
  const seen = new Map<string, Written>();
  for (const again of texts) {
    const first = seen.get(again.text);
    if (first !== undefined) {
      const notes = [{ place: first.place, message: "first here" }];
      report.error("E102", again.place, `"${again.text}" is twice in ${what}`, { notes });
      return false;
    }
    seen.set(again.text, again);
  }
  return true;
}

/** Seconds. */
export function readDuration(tree: Tree, what: string, report: Report): number | undefined {
  const text = tree.kind === "text" ? tree.text : undefined;
  const seconds = text === undefined ? undefined : parseDuration(text);
  if (seconds === undefined) {
    report.error(
      "E301",
      tree.place,
      `${what} is no duration${text === undefined ? "" : `: "${text}"`}`,
      {
        label: "a whole number and s, m, h or d, at most ten years",
        help: `for example ${formatDuration(14_400)} or ${formatDuration(2_592_000)}`,
      },
    );
  }
  return seconds;
}

/** `true` or `false` and nothing else that some YAML takes for it. */
export function readBoolean(tree: Tree, what: string, report: Report): boolean | undefined {
  if (isPlain(tree, "boolean")) return tree.text.toLowerCase() === "true";
  report.error("E111", tree.place, `${what} must be true or false`);
  return undefined;
}

/** A whole number from 1 to `most`. */
export function readCount(
  tree: Tree,
  what: string,
  most: number,
  report: Report,
): number | undefined {
  const count =
    isPlain(tree, "number") && /^[0-9]{1,6}$/.test(tree.text) ? Number(tree.text) : Number.NaN;
  if (count >= 1 && count <= most) return count;
  report.error("E111", tree.place, `${what} must be a whole number from 1 to ${most}`);
  return undefined;
}

const isPlain = (tree: Tree, reads: TextTree["reads"]): tree is TextTree =>
  tree.kind === "text" && tree.reads === reads;

/** One of a fixed set of words. */
export function readWord<Word extends string>(
  tree: Tree,
  what: string,
  words: readonly Word[],
  report: Report,
): Word | undefined {
  const written = readText(tree, what, report);
  return written && pickWord(written, what, words, report);
}

/** Words of a fixed set. */
export function readWords<Word extends string>(
  tree: Tree,
  what: string,
  words: readonly Word[],
  report: Report,
): readonly Word[] | undefined {
  const written = readList(tree, what, report);
  const picked = written?.map((text) => pickWord(text, what, words, report));
  return picked?.every((word) => word !== undefined) === true ? picked : undefined;
}

function pickWord<Word extends string>(
  { text, place }: Written,
  what: string,
  words: readonly Word[],
  report: Report,
): Word | undefined {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  const near = nearestName(text, words);
  report.error("E201", place, `unknown value "${text}" for ${what}`, {
    label: `one of ${words.join(", ")}`,
    ...suggest(near),
  });
  return undefined;
}
