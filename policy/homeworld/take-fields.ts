import { printable } from "../identify.ts";
import type { Report } from "../report.ts";
import { asMap } from "../sections/fields.ts";
import type { Tree } from "../source/tree.ts";
import { nearestName, suggest } from "../suggestion.ts";
import { isHomeworldKey, leave, type Left } from "./left.ts";

/** `needed` and `taken` count; `checked` is read for what it says of others, and listed as not taken over. */
type Presence = "needed" | "taken" | "checked";

/** A section of `setup.yaml`, and which of its keys say something about certificates. */
export type Section<Key extends string> = {
  /** For messages. */
  readonly what: string;
  /** What stands before a key of it in a list: `cluster.`. */
  readonly path: string;
  readonly keys: Readonly<Record<Key, Presence>>;
};

/** Where readers put what they find. */
export type Findings = { readonly report: Report; readonly left: Left[] };

/**
 * Takes a section apart: gives what counts, lists the rest, and says what is missing.
 *
 * An unknown key is an error only where it is probably one that counts, misspelt: what it said
 * would be lost. Undefined for what is no map.
 */
export function takeFields<Key extends string>(
  tree: Tree,
  { what, path, keys }: Section<Key>,
  { report, left }: Findings,
): ((key: Key) => Tree | undefined) | undefined {
  const map = asMap(tree, what, report);
  if (map === undefined) return undefined;
  const presence = new Map<string, Presence>(Object.entries<Presence>(keys));
  const found = new Map(map.entries.map(({ key, value }) => [key.text, value]));
  const absent = new Set([...presence.keys()].filter((key) => !found.has(key)));
  for (const entry of map.entries) {
    const { text, place } = entry.key;
    const known = presence.get(text);
    if (known === "needed" || known === "taken") continue;
    const isOurs = known !== undefined || isHomeworldKey(`${path}${text}`);
    const near = isOurs ? undefined : nearestName(text, absent);
    if (near === undefined) left.push(...leave(path, entry));
    else report.error("E110", place, `unknown key "${printable(text)}" in ${what}`, suggest(near));
    absent.delete(near ?? "");
  }
  const missing = [...absent].filter((key) => presence.get(key) === "needed");
  if (missing.length > 0) {
    const list = missing.map((key) => `"${key}"`).join(" and no ");
    report.error("E112", map.place, `${what} has no ${list}`, { label: "needed here" });
  }
  return (key) => found.get(key);
}
