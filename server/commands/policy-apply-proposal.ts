import type { Policy } from "../../policy/decision.ts";
import { diff } from "../../policy/effects/diff.ts";
import type { Change } from "../../policy/effects/diff/change.ts";
import { countChanges, type Counts } from "../../policy/effects/diff/count.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { ServerPaths } from "../config/paths.ts";
import { readPolicyFile } from "../config/policy-file.ts";
import { listVersions } from "../config/policy-history.ts";
import type { PolicyReport } from "../config/policy-report.ts";
import { hashTexts } from "../config/write-policy.ts";
import type { AdminClient } from "./admin-client.ts";
import type { Context } from "./context.ts";
import { formatDiff } from "./policy-effects-text.ts";

/** A checked policy against the one in force. */
export type Proposal = {
  readonly report: PolicyReport;
  readonly policy: Policy;
  /** The policy in force. */
  readonly before: Policy;
  readonly hash: string;
  /** It is what keyserver answers by, and what it would start with. */
  readonly isInForce: boolean;
  readonly changes: readonly Change[];
  readonly counts: Counts;
  /** The never rules that it weakens or removes, by id. */
  readonly loosened: readonly string[];
};

/** Says what is wrong with a policy. @throws OperatorError when it does not pass its check */
export function requirePass({ err }: Context["terminal"], report: PolicyReport): void {
  if (report.rendered !== "") err(report.rendered);
  if (report.passes) return;
  throw new OperatorError(`${report.file} does not pass its check; nothing was applied`, {
    hint: `mend it, then: keyserver policy check ${report.file}`,
    exitCode: EXIT.unhealthy,
  });
}

/**
 * Compares a policy that passed its check with the one in force.
 *
 * @throws OperatorError when keyserver does not answer, keysigner has no key of an authority, or the
 * policy in force cannot be had
 */
export async function propose(
  { paths, client }: Pick<Context, "paths" | "client">,
  report: PolicyReport,
): Promise<Proposal> {
  const { policy } = report;
  if (policy === undefined) throw new TypeError("a policy with errors cannot be proposed");
  await requireKeys(client, report);
  const status = await client.get("Status", ADMIN_PATHS.status);
  const hash = hashTexts(report);
  const before = policyInForce(paths, status.policy.hash);
  const changes = diff(before.policy, policy);
  return {
    report,
    policy,
    before: before.policy,
    hash,
    isInForce: hash === status.policy.hash && hash === before.appliedHash,
    changes,
    counts: countChanges(changes),
    loosened: changes.flatMap(({ rule, gains }) => (rule !== undefined && gains ? [rule] : [])),
  };
}

/** keysigner reads keys at its start, so one that was made since does not count. */
async function requireKeys(client: AdminClient, { file, policy }: PolicyReport): Promise<void> {
  const { authorities } = await client.get("AuthorityList", ADMIN_PATHS.authorities);
  const known = new Set(authorities.map(({ name }) => name));
  const missing = [...(policy?.authorities.keys() ?? [])].filter((name) => !known.has(name));
  if (missing.length === 0) return;
  const names = missing.join(", ");
  throw new OperatorError(
    `keysigner has no key of authority ${names} of ${file}; nothing was applied`,
    {
      hint: `make what is not there yet: keyserver authority create ${missing[0] ?? ""}; start keyserver anew; keyserver policy apply`,
      exitCode: EXIT.unhealthy,
    },
  );
}

type Before = { readonly policy: Policy; readonly appliedHash: string | undefined };

/** What keyserver answers by; where somebody wrote to the applied copy, the version of that hash. */
function policyInForce(paths: ServerPaths, hash: string): Before {
  const applied = readPolicyFile(paths.applied);
  const appliedHash = applied instanceof Error ? undefined : hashTexts(applied);
  const kept = listVersions(paths).find((version) => version.hash === hash);
  const found = appliedHash === hash || kept === undefined ? applied : readPolicyFile(kept.file);
  const policy = found instanceof Error ? undefined : found.reading.policy;
  if (policy !== undefined) return { policy, appliedHash };
  throw new OperatorError(
    `${paths.applied} cannot be read as a policy, and no version ${hash.slice(0, 8)}, which is in force, was kept; nothing was applied`,
    {
      hint: `put the copy back from a backup, then: keyserver policy check ${paths.applied}`,
      exitCode: EXIT.unhealthy,
    },
  );
}

/** A proposal as people read it. */
export const formatProposal = ({ report, changes, counts }: Proposal): string =>
  formatDiff({ file: report.file, changes, counts, tests: report.tests });

/**
 * Refuses a proposal that weakens a never rule which `allowed` does not name.
 *
 * @throws OperatorError also when `allowed` names one that is not weakened: a habit would guard nothing
 */
export function requireNamed({ loosened }: Proposal, allowed: readonly string[]): void {
  const idle = allowed.filter((id) => !loosened.includes(id));
  if (idle.length > 0) {
    throw new OperatorError(`--loosen ${idle.join(" ")}: this edit weakens no such never rule`, {
      hint: `leave it out; nothing was applied`,
      exitCode: EXIT.usage,
    });
  }
  const unnamed = loosened.filter((id) => !allowed.includes(id));
  if (unnamed.length === 0) return;
  throw new OperatorError(
    `never rule ${unnamed.join(", ")} would be weakened or removed; nothing was applied`,
    {
      hint: `put it back, or if that is meant: keyserver policy apply --loosen ${loosened.join(" ")}`,
      exitCode: EXIT.unhealthy,
    },
  );
}
