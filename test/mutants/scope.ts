import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT, listFiles } from "../harness/source-tree.ts";
import { findMutants, type Mutant } from "./find.ts";

/**
 * Tests that start programs, which know of no mutant, or that try thousands of inputs each time.
 * They would notice more than the others; the figure is without them.
 */
const LEFT_OUT = [
  "test/unit/policy/diagnostics-formats.test.ts",
  "test/unit/policy/fuzz.test.ts",
  "test/unit/policy/mutations.test.ts",
  "test/unit/policy/properties.test.ts",
  "test/unit/policy/effects/access-properties.test.ts",
  "test/unit/policy/effects/diff-properties.test.ts",
  "test/unit/policy/effects/plain-evaluator.test.ts",
];

/** Single tests of that kind, in files whose other tests are quick. */
export const QUICK =
  /^(?!who can have an account|says of any request|whatever a sound file|no bytes make it)/;

/** The tests that have to notice. */
export const TESTS: readonly string[] = listFiles("test/unit/policy").filter(
  (path) => path.endsWith(".test.ts") && !LEFT_OUT.includes(path),
);

/** Every mutant of `policy/`, numbered in the order of the files. */
export function findAllMutants(): readonly Mutant[] {
  const mutants: Mutant[] = [];
  for (const path of listFiles("policy")) {
    if (path.endsWith(".ts"))
      mutants.push(
        ...findMutants(path, readFileSync(join(CHECKOUT, path), "utf8"), mutants.length),
      );
  }
  return mutants;
}
