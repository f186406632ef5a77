import type { Mutant } from "./find.ts";

/** The function in the instrumented sources that tells whether a mutant is to be in force. */
export const SWITCH = "isMutant";

type Insertion = { readonly at: number; readonly rank: number; readonly text: string };

/**
 * The source with all of its mutants in it, each behind a switch:
 * `a < b` becomes `(isMutant(7)?(a <= b):isMutant(8)?(a >= b):a < b)`.
 */
export function instrument(text: string, mutants: readonly Mutant[]): string {
  const places = Map.groupBy(mutants, ({ start, end, replacement }) =>
    replacement === undefined ? `${start} return` : `${start} ${end}`,
  );
  const insertions = [...places.values()].flatMap(insertionsOf);
  // At one place what ends comes before what begins, and the outer of two stands outside.
  const ordered = insertions.toSorted((a, b) => a.at - b.at || a.rank - b.rank);
  let written = "";
  let from = 0;
  for (const { at, text: piece } of ordered) {
    written += text.slice(from, at) + piece;
    from = at;
  }
  return written + text.slice(from);
}

function insertionsOf(mutants: readonly Mutant[]): readonly Insertion[] {
  const [first] = mutants;
  if (first === undefined) return [];
  const { start, end, replacement } = first;
  if (replacement === undefined)
    return [{ at: start + 1, rank: 0, text: `if(${SWITCH}(${first.id}))return;` }];
  const switches = mutants.map((one) => `${SWITCH}(${one.id})?(${one.replacement ?? ""}):`);
  return [
    { at: start, rank: 1 + 1 / (2 + end - start), text: `(${switches.join("")}` },
    { at: end, rank: -1 / (2 + end - start), text: ")" },
  ];
}
