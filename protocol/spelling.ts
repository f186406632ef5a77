/** The candidate that `text` was probably meant to be: at most a third of its letters are wrong. */
export function nearestSpelling(text: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(text.length / 3));
  if (text.length > MAX_LENGTH) return undefined;
  return candidates
    .map((candidate) => ({ candidate, distance: distanceBetween(text, candidate) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

const MAX_LENGTH = 64;

/** Insertions, deletions, replacements and swaps of neighbours that lead from one text to the other. */
function distanceBetween(from: string, to: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let above = 0; above < from.length; above++) {
    const next = [above + 1];
    for (let left = 0; left < to.length; left++) {
      const replaced = at(row, left) + (from[above] === to[left] ? 0 : 1);
      const isSwap = from[above] === to[left - 1] && from[above - 1] === to[left];
      const swapped = isSwap ? at(before, left - 1) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, at(row, left + 1) + 1, at(next, left) + 1));
    }
    before = row;
    row = next;
  }
  return at(row, to.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
