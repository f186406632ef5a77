import { mutantKey } from "./find.ts";

/** `split` gives one piece at least, also of nothing. */
const FIRST_PIECE = "the first piece of a text is always there";

/** A path, a slip there, and why it makes no difference. */
const REASONS: readonly (readonly [path: string, original: string, to: string, why: string])[] = [
  ["policy/homeworld/import.ts", '""', '"mutant"', FIRST_PIECE],
  ["policy/source/problem.ts", "1", "(1 + 1)", "only the first piece is looked at"],
  [
    "policy/suggestion.ts",
    "Math.abs(name.length - text.length) >= bestDistance",
    "(Math.abs(name.length - text.length)) > (bestDistance)",
    "the names that it spares are no nearer, which the next line sees too",
  ],
  ["policy/text/duration.ts", "[]", '["mutant"]', "only the second and third entry are looked at"],
  [
    "policy/format/long-lines.ts",
    '{ schema: "core", version: "1.2", logLevel: "error", uniqueKeys: false }',
    "{}",
    "the parser's own settings, but for time and for what it prints about files that were refused before",
  ],
];

/**
 * Mutants that no test can tell from the sources, by {@link mutantKey}, each with the reason. They
 * are not counted.
 */
export const EQUIVALENT: ReadonlyMap<string, string> = new Map(
  REASONS.map(([path, original, replacement, why]) => [
    mutantKey({ path, original, replacement }),
    why,
  ]),
);
