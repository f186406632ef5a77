import fc from "fast-check";
import type { Policy } from "../../../../policy/decision.ts";
import { readPolicy } from "../../../../policy/read.ts";
import { edits } from "./random-edit.ts";
import { textOf, type Draft } from "./random-policy.ts";

/** Edits for each property. A longer run: `POLICY_RUNS=50000 vitest run test/unit/policy/effects`. */
export const RUNS = Number(process.env["POLICY_RUNS"] ?? 1500);
/** The same edits each time; new ones in a longer run. */
export const SEED = process.env["POLICY_RUNS"] === undefined ? { seed: 20_261_121 } : {};
/** What a test is given for them. */
export const TIME = { timeout: 60_000 + RUNS * 100 };

/** The policy of a draft; undefined when it has errors. */
export const read = (draft: Draft): Policy | undefined =>
  readPolicy(textOf(draft), { file: "policy.yaml" }).policy;

/** Runs `check` on edits of which both sides are sound policies. */
export function forEdits(
  runs: number,
  check: (before: Policy, after: Policy, drafts: { before: Draft; after: Draft }) => void,
): void {
  const property = fc.property(edits, (edit) => {
    const [before, after] = [read(edit.before), read(edit.after)];
    fc.pre(before !== undefined && after !== undefined);
    if (before !== undefined && after !== undefined) check(before, after, edit);
  });
  fc.assert(property, { numRuns: runs, ...SEED });
}
