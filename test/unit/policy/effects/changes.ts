import type { Change } from "../../../../policy/effects/diff/change.ts";
import { diff } from "../../../../policy/effects/diff.ts";
import { edit, EXAMPLE, example, readSound } from "../example.ts";

/** A text of the example, and what comes instead of it. */
export type Edit = readonly [string, string];

/** What edits of the example change. */
export const changesOf = (edits: readonly Edit[]): readonly Change[] =>
  diff(example, readSound(edits.reduce((text, [from, to]) => edit(text, from, to), EXAMPLE)));

/** Changes as short lines: sign, whom, which grant, what. */
export const said = (changes: readonly Change[]): readonly string[] =>
  changes.map(({ sign, what, grant, text }) =>
    [sign, what, ...(grant === undefined ? [] : [grant]), text].join(" | "),
  );

/** A never rule of the example, with its line's end. */
export const RULE =
  "  - { id: no-wildcard,     who: { not: [ceph] },                 gets: { wildcard: true } }\n";
