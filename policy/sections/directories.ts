import type { Place } from "../diagnostic.ts";
import type { Directory } from "../model.ts";
import type { Report } from "../report.ts";
import type { Tree } from "../source/tree.ts";
import { nearestName, suggest } from "../suggestion.ts";
import { asMap, readFields } from "./fields.ts";
import type { Names } from "./reference.ts";
import { readDuration, readText } from "./values.ts";

/** Where group facts can come from. */
export const DIRECTORIES = ["ldap", "gitlab"] as const;

/** The keys of a directory. */
export const DIRECTORY_SHAPE = { "max-age": "required", "when-unreachable": "optional" } as const;

/** Reads `directories:`. */
export function readDirectories(tree: Tree, report: Report): ReadonlyMap<string, Directory> {
  const directories = new Map<string, Directory>();
  for (const { key, value } of asMap(tree, "directories", report)?.entries ?? []) {
    if (!DIRECTORIES.some((name) => name === key.text)) {
      const near = nearestName(key.text, DIRECTORIES);
      report.error("E110", key.place, `unknown key "${key.text}" in directories`, {
        label: `one of ${DIRECTORIES.join(", ")}`,
        ...suggest(near),
      });
      continue;
    }
    const directory = readDirectory(key.text, value, key.place, report);
    if (directory !== undefined) directories.set(key.text, directory);
  }
  return directories;
}

/** The directories that are declared; a misspelt one counts as the one that was meant. */
export const directoryNames = (names: Names): Names =>
  new Map([...names].map(([name, place]) => [meantDirectory(name), place]));

const meantDirectory = (name: string): string =>
  DIRECTORIES.find((known) => known === name) ??
  DIRECTORIES.find((known) => name.includes(known)) ??
  nearestName(name, DIRECTORIES) ??
  name;

function readDirectory(
  name: string,
  tree: Tree,
  place: Place,
  report: Report,
): Directory | undefined {
  const what = `directory "${name}"`;
  const fields = readFields(tree, what, DIRECTORY_SHAPE, report);
  const age = fields?.("max-age");
  const unreachable = fields?.("when-unreachable");
  const maxAge = age && readDuration(age, `max-age of ${what}`, report);
  const useLast = unreachable === undefined ? 0 : readUnreachable(unreachable, what, report);
  return maxAge === undefined || useLast === undefined
    ? undefined
    : { name, maxAge, useLast, place };
}

/** `deny`, or `{ use-last: 1h }`. */
function readUnreachable(tree: Tree, what: string, report: Report): number | undefined {
  if (tree.kind === "map") {
    const last = readFields(
      tree,
      `when-unreachable of ${what}`,
      { "use-last": "required" },
      report,
    )?.("use-last");
    return last && readDuration(last, `use-last of ${what}`, report);
  }
  const written = readText(tree, `when-unreachable of ${what}`, report);
  if (written === undefined || written.text === "deny") return written && 0;
  report.error(
    "E201",
    written.place,
    `unknown value "${written.text}" for when-unreachable of ${what}`,
    {
      label: "either deny or { use-last: 1h }",
    },
  );
  return undefined;
}
