import type { Place } from "../diagnostic.ts";
import type { Written } from "../model.ts";
import type { Report } from "../report.ts";
import { nearestName, suggest } from "../suggestion.ts";
import { isIdentifier } from "../text/name.ts";

/** What a file declares, before anything of it is read: names with the places of their keys. */
export type Names = ReadonlyMap<string, Place>;

/** Says when the name of something declared is malformed. */
export function checkName({ text, place }: Written, what: string, report: Report): void {
  if (isIdentifier(text)) return;
  report.error("E302", place, `${what} "${text}" is malformed`, {
    label: "lower-case letters, digits and hyphens, at most 63",
  });
}

/**
 * Whether `written` is one of `names`; says so when not, and what was probably meant.
 *
 * A declaration that is malformed is told where it stands, and not once more for each reference.
 */
export function checkReference(
  written: Written,
  names: Names,
  what: string,
  report: Report,
): boolean {
  if (names.has(written.text)) return true;
  if (report.isMisplaced(written.text)) return false;
  const near = nearestName(written.text, names.keys());
  const isTold = [...names.keys()].some(
    (name) => !isIdentifier(name) && (name === near || name.includes(written.text)),
  );
  if (isTold) return false;
  const place = near === undefined ? undefined : names.get(near);
  report.error("E201", written.place, `unknown ${what} "${written.text}"`, {
    label: `no ${what} has this name`,
    notes: place === undefined ? [] : [{ place, message: `"${near}" is declared here` }],
    ...suggest(near),
  });
  return false;
}

/** Every name is checked, so that each mistake gets its message. */
export function checkReferences(
  list: readonly Written[],
  names: Names,
  what: string,
  report: Report,
): boolean {
  let sound = true;
  for (const written of list) if (!checkReference(written, names, what, report)) sound = false;
  return sound;
}
