import { dirname } from "node:path";
import type { Outcome } from "./judges.ts";

/** Figures for each file and folder, and the sum as the last line: `N killed, N survived, P %`. */
export function formatFigures(outcomes: readonly Outcome[]): readonly string[] {
  const ordered = outcomes.toSorted((a, b) => a.mutant.id - b.mutant.id);
  const files = Map.groupBy(ordered, ({ mutant }) => mutant.path);
  const folders = Map.groupBy(ordered, ({ mutant }) => `${dirname(mutant.path)}/`);
  const line = ([name, some]: readonly [string, readonly Outcome[]]): string =>
    `${name.padEnd(40)} ${sumOf(some)}`;
  return [...[...files].map(line), "", ...[...folders].map(line), "", sumOf(outcomes)];
}

function sumOf(outcomes: readonly Outcome[]): string {
  const killed = outcomes.filter(({ isKilled }) => isKilled).length;
  const share = ((100 * killed) / outcomes.length).toFixed(1);
  return `${killed} killed, ${outcomes.length - killed} survived, ${share} %`;
}
