import fc from "fast-check";
import { asObject, drafts, type Draft, type Value } from "./random-policy.ts";

/** A draft and what one edit makes of it: one thing is taken from another draft, put in or left out. */
export const edits: fc.Arbitrary<{ readonly before: Draft; readonly after: Draft }> = fc
  .record({
    before: drafts,
    other: drafts,
    picks: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
  })
  .map(({ before, other, picks }) => ({ before, after: editDraft(before, other, picks) }));

const SECTIONS = [
  "grants",
  "grants",
  "grants",
  "people",
  "people",
  "nodes",
  "never",
  "authorities",
  "cluster",
  "directories",
  "tests",
] as const;

function editDraft(before: Draft, other: Draft, [a = 0, ...picks]: readonly number[]): Draft {
  const section = SECTIONS[a % SECTIONS.length] ?? "grants";
  // A test is one thing: half of one and half of another would not be sound.
  const [first = 0] = picks;
  const path = section === "tests" ? [first] : picks;
  const edited = graft(before[section] ?? {}, other[section] ?? {}, path);
  return { ...before, [section]: asObject(edited) };
}

/** Takes one entry from `other`, whole or in one place of its own. */
function graft(value: Value, other: Value, [pick = 0, ...rest]: readonly number[]): Value {
  const [mine, theirs] = [asObject(value), asObject(other)];
  const keys = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])].toSorted();
  const key = keys[pick % Math.max(1, keys.length)];
  if (key === undefined) return other;
  const [here, there] = [mine[key], theirs[key]];
  const isDeep = rest.length > 0 && (rest[0] ?? 0) % 3 !== 0;
  const isBoth = isMap(here) && isMap(there);
  const next = isBoth && isDeep ? graft(here, there, rest) : there;
  const { [key]: _, ...others } = mine;
  return next === undefined ? others : { ...mine, [key]: next };
}

const isMap = (value: Value | undefined): value is { readonly [key: string]: Value } =>
  typeof value === "object" && !Array.isArray(value);

/** The same draft with its entries, and lists whose order means nothing, the other way round. */
export function reversed(draft: Draft): Draft {
  const entries = Object.entries(draft).map(([section, body]): [string, Draft[string]] => [
    section,
    Object.fromEntries(
      Object.entries(body)
        .toReversed()
        .map(([name, value]) => [name, turned(value)]),
    ),
  ]);
  return Object.fromEntries(entries.toReversed());
}

const ORDERLESS: ReadonlySet<string> = new Set([
  "to",
  "from",
  "also-in",
  "roles",
  "keys",
  "may-choose",
  "extensions",
  "admit",
  "operate",
  "is",
  "not",
  "in",
]);

function turned(value: Value): Value {
  const entries = Object.entries(asObject(value)).toReversed();
  if (entries.length === 0) return value;
  return Object.fromEntries(
    entries.map(([key, of]) => [
      key,
      ORDERLESS.has(key) && Array.isArray(of) ? of.toReversed() : turned(of),
    ]),
  );
}
