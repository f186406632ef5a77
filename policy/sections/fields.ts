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
 * A misspelt key stands for the one that was meant: that one is then not missed as well.
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
  const meant = reportUnknownKeys(map, what, [...known.keys()], report);
  const found = new Map(map.entries.map(({ key, value }) => [key.text, value]));
  const missing = [...known].filter(
    ([key, presence]) => presence === "required" && !found.has(key) && !meant.has(key),
  );
  if (missing.length > 0)
    reportMissing(
      map.place,
      what,
      missing.map(([key]) => key),
      report,
    );
  const lacks = (key: Key): boolean => !found.has(key) && !meant.has(key);
  return Object.assign((key: Key) => found.get(key), { lacks });
}

/** Reports every key that is not `known`; gives the keys that were probably meant. */
export function reportUnknownKeys(
  map: MapTree,
  what: string,
  known: readonly string[],
  report: Report,
): ReadonlySet<string> {
  const meant = new Set<string>();
  const present = new Set(map.entries.map(({ key }) => key.text));
  for (const { key } of map.entries) {
    if (known.includes(key.text)) continue;
    const near = nearestName(
      key.text,
      known.filter((name) => !present.has(name)),
    );
    if (near !== undefined) meant.add(near);
    const label = "not a key of this section";
    report.error("E110", key.place, `unknown key "${key.text}" in ${what}`, {
      label,
      ...suggest(near),
    });
  }
  return meant;
}

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
