import type { Grant } from "../model.ts";
import type { Entry, MapTree } from "../source/tree.ts";
import type { Declarations } from "./declarations.ts";
import { asMap, readFields, reportUnknownKeys } from "./fields.ts";
import { HEAD_KEYS } from "./grant-head.ts";
import { checkName } from "./reference.ts";
import { issueKeys, readIssueGrant } from "./issue-grant.ts";
import {
  ADMIT_SHAPE,
  FETCH_SHAPE,
  OPERATE_SHAPE,
  readAdmit,
  readFetch,
  readOperate,
} from "./other-grants.ts";

const VERBS = ["issue", "fetch", "admit", "operate"] as const;
type Verb = (typeof VERBS)[number];

const ALL_KEYS = [...new Set([...HEAD_KEYS, ...issueKeys(), ...VERBS, "token-lifetime"])];

/** Reads `grants:`. */
export function readGrants(map: MapTree, declared: Declarations): ReadonlyMap<string, Grant> {
  const grants = new Map<string, Grant>();
  for (const entry of map.entries) {
    checkName(entry.key, "grant", declared.report);
    const grant = readGrant(entry, declared);
    if (grant !== undefined) grants.set(grant.name, grant);
  }
  return grants;
}

function readGrant(entry: Entry, declared: Declarations): Grant | undefined {
  const name = entry.key.text;
  const what = `grant "${name}"`;
  const map = asMap(entry.value, what, declared.report);
  const verb = map && readVerb(map, entry, declared);
  if (map === undefined || verb === undefined) return undefined;
  const at = { name, place: entry.key.place, declared };
  switch (verb) {
    case "issue":
      return readIssueGrant(map, at);
    case "fetch": {
      const fields = readFields(map, what, FETCH_SHAPE, declared.report);
      return fields && readFetch(fields, at);
    }
    case "admit": {
      const fields = readFields(map, what, ADMIT_SHAPE, declared.report);
      return fields && readAdmit(fields, at);
    }
    case "operate": {
      const fields = readFields(map, what, OPERATE_SHAPE, declared.report);
      return fields && readOperate(fields, at);
    }
  }
}

/** A grant has exactly one verb; a misspelt one is reported as the unknown key that it is. */
function readVerb(map: MapTree, { key }: Entry, { report }: Declarations): Verb | undefined {
  const [verb, second] = VERBS.filter((word) =>
    map.entries.some((entry) => entry.key.text === word),
  );
  const what = `grant "${key.text}"`;
  if (verb === undefined) {
    const { meant, isClear } = reportUnknownKeys(map, what, ALL_KEYS, report);
    if (!isClear || VERBS.some((word) => meant.has(word))) return undefined;
    report.error("E112", key.place, `${what} has no verb`, {
      label: `one of ${VERBS.join(", ")} is missing`,
    });
    return undefined;
  }
  if (second === undefined) return verb;
  const place = map.entries.find((entry) => entry.key.text === second)?.key.place ?? key.place;
  report.error("E111", place, `${what} has two verbs: ${verb} and ${second}`, {
    help: "make two grants of it",
  });
  return undefined;
}
