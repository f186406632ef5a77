import type { Place } from "../diagnostic.ts";
import type { Written } from "../model.ts";
import type { Report } from "../report.ts";
import { nearestName, suggest } from "../suggestion.ts";

/** What a file declares, before anything of it is read: names with the places of their keys. */
export type Names = ReadonlyMap<string, Place>;

/** Whether `written` is one of `names`; says so when not, and what was probably meant. */
export function checkReference(
  written: Written,
  names: Names,
  what: string,
  report: Report,
): boolean {
  if (names.has(written.text)) return true;
  const near = nearestName(written.text, names.keys());
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
