import type { Policy } from "../../policy/decision.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { readPolicyFile } from "../config/policy-file.ts";

/** A policy without errors, and the file that it is in. */
export type Loaded = { readonly file: string; readonly policy: Policy };

/**
 * Reads and checks a policy file; its tests are not run.
 *
 * @throws OperatorError when it cannot be read, with `missing` as what to do then, or has errors.
 */
export function loadPolicy(file: string, missing = "name the file: --file FILE"): Loaded {
  const found = readPolicyFile(file);
  if (found instanceof Error)
    throw new OperatorError(`no policy: ${found.message}`, {
      hint: missing,
      exitCode: EXIT.usage,
      cause: found,
    });
  const { policy, diagnostics } = found.reading;
  if (policy !== undefined) return { file, policy };
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  throw new OperatorError(`${file} has errors\n${found.render(errors)}`, {
    hint: `mend it, then: keyserver policy check ${file}`,
    exitCode: EXIT.unhealthy,
  });
}
