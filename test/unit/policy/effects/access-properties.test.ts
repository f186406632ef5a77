import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Policy } from "../../../../policy/decision.ts";
import { accessOf } from "../../../../policy/effects/access.ts";
import { diff } from "../../../../policy/effects/diff.ts";
import { reversed } from "./random-edit.ts";
import { drafts } from "./random-policy.ts";
import { forEdits, read, RUNS, SEED, TIME } from "./sound-edits.ts";

/** Adds so many nodes that those with the same roles share their lines. */
const enlarged = (policy: Policy): Policy => {
  const { place } = policy.cluster;
  const roles = [...policy.roles.keys()].slice(0, 1);
  const more = Array.from({ length: 20 }, (_, at) => `more-${at}`).map(
    (name, at) => [name, { name, roles, address: `10.2.0.${at}`, place }] as const,
  );
  return { ...policy, nodes: new Map([...policy.nodes, ...more]) };
};

/** What a diff says beside tests, which give nobody anything and stand in the policy's own diff. */
const said = (before: Policy, after: Policy): readonly unknown[] =>
  diff(before, after).filter(({ section }) => section !== "tests");

describe.each([
  ["as written", RUNS / 2, (policy: Policy) => policy],
  ["with many nodes", RUNS / 5, enlarged],
] as const)("access %s", (_, runs, sized) => {
  test("changes exactly when a diff says anything but tests", TIME, () => {
    let [changed, unchanged] = [0, 0];
    forEdits(runs, (small, other) => {
      const [before, after] = [sized(small), sized(other)];
      const isSame = said(before, after).length === 0;
      if (isSame) expect(accessOf(after)).toEqual(accessOf(before));
      else expect(accessOf(after)).not.toEqual(accessOf(before));
      changed += isSame ? 0 : 1;
      unchanged += isSame ? 1 : 0;
    });
    expect(Math.min(changed, unchanged)).toBeGreaterThan(runs / 20);
  });

  test("is the same in another order, sorted, and has no line twice", TIME, () => {
    const property = fc.property(drafts, (draft) => {
      const [before, after] = [read(draft), read(reversed(draft))];
      fc.pre(before !== undefined && after !== undefined);
      if (before === undefined || after === undefined) return;
      const lines = accessOf(sized(before));
      expect(accessOf(sized(after))).toEqual(lines);
      expect([...new Set(lines)].toSorted()).toEqual(lines);
    });
    fc.assert(property, { numRuns: runs / 5, ...SEED });
  });
});
