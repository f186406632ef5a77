import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { OperatorError } from "../config/operator-error.ts";
import { readPolicyFile } from "../config/policy-file.ts";
import { keepApplied, listVersions, recordVersion } from "../config/policy-history.ts";
import { hashTexts, replaceEdited, writePolicy } from "../config/write-policy.ts";
import type { Context } from "./context.ts";
import { operatorName } from "./policy-apply-lock.ts";
import type { Proposal } from "./policy-apply-proposal.ts";

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
  await replaceApplied(hands, proposal);
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

async function replaceApplied({ paths, client }: Hands, { report }: Proposal): Promise<void> {
  const before = readPolicyFile(paths.applied);
  writePolicy(paths.applied, report);
  try {
    const { policy } = await client.post("PolicyReload", ADMIN_PATHS.policyReload, {});
    if (policy !== hashTexts(report)) throw new OperatorError("keyserver took another policy");
  } catch (cause) {
    // The copy that is in force and the copy on disk must not differ: the next start would surprise.
    if (!(before instanceof Error)) writePolicy(paths.applied, before);
    // keysigner may hold the new one already, and would soon sign nothing for a keyserver that holds the old one.
    await client.post("PolicyReload", ADMIN_PATHS.policyReload, {}).catch(() => undefined);
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError("the policy was not applied", { cause });
  }
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
