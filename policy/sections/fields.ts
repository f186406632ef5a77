import type { Place } from "../diagnostic.ts";
import type { Report } from "../report.ts";
import type { MapTree, Tree } from "../source/tree.ts";
import { nearestName, suggest } from "../suggestion.ts";

/** Which keys a section has, and whether it can do without. */
export type Shape<Key extends string> = Readonly<Record<Key, "required" | "optional">>;

/** The values of a section by key. */
export type Fields<Key extends string> = {
  (key: Key): Tree | undefined;
  /** Whether a key is absent and no misspelt one stands for it. */
  readonly lacks: (key: Key) => boolean;
};

/**
 * Takes a section apart, reporting what is no map, each unknown key and each missing one.
 *
 * A misspelt key stands for the one that was meant, so that the slip is told once; and where a key
 * makes no sense at all, it is probably the remains of one that would be missed.
 */
export function readFields<Key extends string>(
  tree: Tree,
  what: string,
  shape: Shape<Key>,
  report: Report,
): Fields<Key> | undefined {
  const map = asMap(tree, what, report);
  if (map === undefined) return undefined;
  const known = new Map<string, "required" | "optional">(Object.entries(shape));
  const { meant, isClear } = reportUnknownKeys(map, what, [...known.keys()], report);
  const whole = [...meant].filter(([, value]) => !isEmpty(value));
  const found = new Map([
    ...whole,
    ...map.entries.map(({ key, value }) => [key.text, value] as const),
  ]);
  const isTold = (key: string): boolean => found.has(key) || meant.has(key);
  const missing = [...known].filter(([key, presence]) => presence === "required" && !isTold(key));
  const names = missing.map(([key]) => key);
  if (isClear && names.length > 0) reportMissing(map.place, what, names, report);
  const lacks = (key: Key): boolean => isClear && !isTold(key);
  return Object.assign((key: Key) => found.get(key), { lacks });
}

/** Keys that a section does not have, as far as they could be made sense of. */
export type UnknownKeys = {
  /** The values of misspelt keys, by the keys that were meant. */
  readonly meant: ReadonlyMap<string, Tree>;
  /** Whether each unknown key is a misspelt one: what else is missing is then really missing. */
  readonly isClear: boolean;
};

/**
 * Reports every key that is not `known`.
 *
 * What follows a key without a value is a part of that value, cut off: the lack of it is told.
 */
export function reportUnknownKeys(
  map: MapTree,
  what: string,
  known: readonly string[],
  report: Report,
): UnknownKeys {
  const meant = new Map<string, Tree>();
  const present = new Set(map.entries.map(({ key }) => key.text));
  let isClear = true;
  let isRest = false;
  for (const [index, { key, value }] of map.entries.entries()) {
    if (known.includes(key.text)) {
      isRest = false;
      continue;
    }
    const absent = known.filter((name) => !present.has(name) && !meant.has(name));
    const near = nearestName(key.text, absent) ?? longestIn(key.text, absent);
    if (near === undefined) isClear = false;
    else meant.set(near, value);
    misplaceKeys({ kind: "map", entries: [{ key, value }] }, report);
    isRest ||= isEmpty(map.entries[index - 1]?.value);
    if (isRest) continue;
    const label = "not a key of this section";
    report.error("E110", key.place, `unknown key "${key.text}" in ${what}`, {
      label,
      ...suggest(near),
    });
  }
  return { meant, isClear };
}

const isEmpty = (tree: Tree | undefined): boolean => tree?.kind === "text" && tree.reads === "null";

function reportMissing(place: Place, what: string, keys: readonly string[], report: Report): void {
  const list = keys.map((key) => `"${key}"`).join(" and no ");
  report.error("E112", place, `${what} has no ${list}`, { label: "needed here" });
}

/** The map that `tree` must be; undefined and a message when it is something else. */
export function asMap(tree: Tree, what: string, report: Report): MapTree | undefined {
  if (tree.kind === "map") return tree;
  report.error("E111", tree.place, `${what} must be a mapping of keys to values`, {
    label: `this is a ${tree.kind === "list" ? "list" : "scalar"}`,
  });
  return undefined;
}

/** What an unknown key holds may be a whole section in the wrong place: it declares something all the same. */
function misplaceKeys(tree: Tree | Pick<MapTree, "kind" | "entries">, report: Report): void {
  if (tree.kind === "text") return;
  if (tree.kind === "list") {
    for (const item of tree.items) {
      if (item.kind === "text") report.misplace(item.text);
    }
    return;
  }
  for (const { key, value } of tree.entries) {
    report.misplace(key.text);
    misplaceKeys(value, report);
  }
}

/** The key that another text has run into: `kind` of `kind tls`. Shorter ones are in too many words. */
const longestIn = (text: string, keys: readonly string[]): string | undefined =>
  keys
    .filter((key) => key.length > 3 && text.includes(key))
    .toSorted((a, b) => b.length - a.length)[0];
