import type { Place } from "../diagnostic.ts";

/** Gives the place of the text from offset `start` up to `end` (exclusive), cut at the end of its line. */
export type Locator = (start: number, end: number) => Place;

/** Prepares for finding places in `text`. */
export function createLocator(file: string, text: string): Locator {
  const starts = lineStarts(text);
  return (start, end) => {
    const index = lineOf(starts, start);
    const lineStart = starts[index] ?? 0;
    const lineEnd = starts[index + 1] ?? text.length + 1;
    const length = Math.max(1, Math.min(end, lineEnd - 1) - start);
    return { file, line: index + 1, column: start - lineStart + 1, length };
  };
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last line that starts at or before `offset`. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
