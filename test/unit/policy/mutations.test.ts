import { expect, test } from "vitest";
import { readPolicy } from "../../../policy/read.ts";
import { formatDiagnostic } from "../../../policy/render.ts";
import { runTests } from "../../../policy/tests.ts";
import { EXAMPLE } from "./example.ts";
import { editTokens } from "./token-edits.ts";

/** A prime to the number of kinds, so that every kind meets every sort of token. */
const STRIDE = 149;

test(
  "one edit of one token gives one message, and never an exception",
  { timeout: 120_000 },
  () => {
    const told: string[] = [];
    let refused = 0;
    for (const { title, isSwap, text } of editTokens(EXAMPLE, STRIDE)) {
      const { policy, diagnostics } = readPolicy(text, { file: "policy.yaml" });
      const errors = diagnostics.filter(({ severity }) => severity === "error");
      const messages = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, () => text));
      expect(policy === undefined, title).toBe(errors.length > 0);
      if (policy !== undefined) runTests(policy);
      else refused++;
      // What is swapped is two tokens.
      if (errors.length > (isSwap ? 4 : 1)) told.push(`${title}:\n${messages.join("\n")}`);
    }
    expect(refused).toBeGreaterThan(300);
    expect(told.join("\n\n")).toBe("");
  },
);
