import { statSync } from "node:fs";
import { hashPolicy } from "../../keys/signer/policy-file.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { readPolicyFile } from "../config/policy-file.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";

/**
 * Reads, checks and hashes the policy in `file`. Failing tests do not keep it from being used: it was applied once.
 *
 * @throws OperatorError with every diagnostic
 */
export function loadPolicy(file: string): ActivePolicy {
  const found = readPolicyFile(file);
  if (found instanceof Error) throw unusable(`no policy: ${found.message}`, file);
  const { text, included, reading, render } = found;
  if (reading.policy === undefined) {
    throw unusable(`${file} does not pass its check\n${render(reading.diagnostics)}`, file);
  }
  return {
    policy: reading.policy,
    hash: hashPolicy(text, [...included.values()].join("")),
    includes: [...included.keys()],
    appliedAt: Math.floor(statSync(file).mtimeMs / 1000),
  };
}

const unusable = (message: string, file: string): OperatorError =>
  new OperatorError(message, {
    hint: `mend it, then: keyserver policy check ${file}`,
    exitCode: EXIT.unhealthy,
  });
