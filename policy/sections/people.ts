import type { PeopleGroup, Written } from "../model.ts";
import type { Report } from "../report.ts";
import type { Entry, MapTree } from "../source/tree.ts";
import { isValueOf } from "../text/template.ts";
import { readFields } from "./fields.ts";
import { checkName, checkReference, type Names } from "./reference.ts";
import { readList } from "./values.ts";

/** The keys of a people group. */
export const PEOPLE_SHAPE = { from: "required", "also-in": "optional" } as const;

/** Reads `people:`; `directories` are the declared ones. */
export function readPeople(
  map: MapTree,
  directories: Names,
  report: Report,
): ReadonlyMap<string, PeopleGroup> {
  const groups = new Map<string, PeopleGroup>();
  for (const entry of map.entries) {
    const group = readGroup(entry, directories, report);
    if (group !== undefined) groups.set(group.name, group);
  }
  return groups;
}

function readGroup(
  { key, value }: Entry,
  directories: Names,
  report: Report,
): PeopleGroup | undefined {
  const what = `people group "${key.text}"`;
  checkName(key, "people group", report);
  const fields = readFields(value, what, PEOPLE_SHAPE, report);
  const [fromTree, alsoTree] = [fields?.("from"), fields?.("also-in")];
  const from = fromTree && readList(fromTree, `from of ${what}`, report);
  const alsoIn = alsoTree === undefined ? [] : readList(alsoTree, `also-in of ${what}`, report);
  if (from === undefined || alsoIn === undefined) return undefined;
  for (const fact of [...from, ...alsoIn]) checkFact(fact, directories, report);
  return { name: key.text, from, alsoIn, place: key.place };
}

/** Whether a fact is one that a directory or a ticket can tell: its source decides what may follow it. */
export function checkFact(
  fact: Written,
  directories: Names,
  report: Report,
  label = "kerberos:PRINCIPAL, ldap:GROUP or gitlab:PATH",
): void {
  const [, source = "", rest = ""] = /^([^:]*):(.*)$/s.exec(fact.text) ?? [];
  if (source !== "kerberos" && source !== "ldap" && source !== "gitlab") {
    report.error("E302", fact.place, `"${fact.text}" names no group or principal`, { label });
    return;
  }
  if (!isSoundFact(source, rest)) {
    report.error("E302", fact.place, `"${fact.text}" is malformed`, { label: FACT_FORMS[source] });
  }
  if (source !== "kerberos")
    checkReference({ ...fact, text: source }, directories, "directory", report);
}

const FACT_FORMS = {
  kerberos: "primary[/instance]@REALM, compared exactly",
  ldap: "the name of one group; patterns are not known here",
  gitlab: "a path, or path@level with guest, reporter, developer, maintainer or owner",
} as const;

function isSoundFact(source: keyof typeof FACT_FORMS, rest: string): boolean {
  if (source === "kerberos") return isValueOf("principal", rest);
  if (source === "ldap")
    return /^[A-Za-z0-9_][A-Za-z0-9_. -]{0,127}$/.test(rest) && rest.trim() === rest;
  return /^[a-z0-9_][a-z0-9_.-]*(?:\/[a-z0-9_][a-z0-9_.-]*)*(?:@(?:guest|reporter|developer|maintainer|owner))?$/i.test(
    rest,
  );
}
