import type { Change } from "./change.ts";

/** How much an edit changes: subjects with their grants, then limits. */
export type Counts = {
  readonly gained: number;
  readonly lost: number;
  readonly changed: number;
  readonly loosened: number;
  readonly tightened: number;
};

/** Counts changes; a line that stands for several subjects counts for each of them. */
export function countChanges(changes: readonly Change[]): Counts {
  const got = changes.filter(({ section }) => section === "what they can get");
  const limits = changes.filter(({ section }) => section === "limits");
  const sum = (of: readonly Change[]): number =>
    of.reduce((total, { subjects }) => total + (subjects?.length ?? 1), 0);
  return {
    gained: sum(got.filter(({ sign, gains }) => sign === "+" && gains)),
    lost: sum(got.filter(({ sign, loses }) => sign === "-" && loses)),
    changed: sum(got.filter(({ sign }) => sign === "~")),
    loosened: limits.filter(({ gains }) => gains).length,
    tightened: limits.filter(({ loses }) => loses).length,
  };
}
