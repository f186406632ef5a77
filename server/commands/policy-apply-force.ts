import { keepApplied, listVersions, recordVersion } from "../config/policy-history.ts";
import { replaceEdited } from "../config/write-policy.ts";
import type { Context } from "./context.ts";
import { operatorName } from "./policy-apply-lock.ts";
import type { Proposal } from "./policy-apply-proposal.ts";
import { swapApplied } from "./policy-apply-swap.ts";

/** What came of it: the version's number, absent when it could not be kept, and what was laid aside. */
export type Applied = { readonly number?: number; readonly kept: readonly string[] };

type Hands = Pick<Context, "paths" | "client" | "terminal" | "now">;

/**
 * Puts a proposal into force: the applied copy, keysigner and keyserver, the history, and policy.yaml where the
 * proposal came from another file. `base` is the hash of the policy.yaml that it was made from.
 *
 * @throws OperatorError when keyserver or keysigner refuses it; then everything is as it was
 */
export async function putIntoForce(
  hands: Hands,
  proposal: Proposal,
  base?: string,
): Promise<Applied> {
  const { report, counts, isInForce } = proposal;
  if (isInForce) return { kept: takeAsEdited(hands, proposal, base) };
  keepApplied(hands.paths);
  await swapApplied(hands, report);
  const number = remember(hands, () =>
    recordVersion(hands.paths, report, { at: hands.now(), by: operatorName(), changes: counts }),
  );
  return { ...(number !== undefined && { number }), kept: takeAsEdited(hands, proposal, base) };
}

/** Makes a policy that is in force the file that operators edit; gives what was laid aside for it. */
export function takeAsEdited(
  { paths }: Pick<Hands, "paths">,
  { report }: Proposal,
  base?: string,
): readonly string[] {
  // What is written into policy.yaml while its operator is asked is his next edit.
  if (report.file === paths.policy) return [];
  const known = new Set([...listVersions(paths).map(({ hash }) => hash), base]);
  return replaceEdited(paths.policy, report, (hash) => known.has(hash));
}

/** It is in force already, and what the history lacks the next apply makes up for. */
function remember({ terminal }: Pick<Hands, "terminal">, record: () => number): number | undefined {
  try {
    return record();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    terminal.err(`keyserver: warning: it is in force, but was not kept in the history: ${why}`);
    return undefined;
  }
}
