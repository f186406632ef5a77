import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { prepareSwap } from "../config/applied-copy.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { PolicyReport } from "../config/policy-report.ts";
import { hashTexts } from "../config/write-policy.ts";
import type { Context } from "./context.ts";
import { operatorName } from "./policy-apply-lock.ts";

/**
 * Puts a checked policy in the place of the applied copy, and has keysigner and keyserver take it.
 *
 * @throws OperatorError when one of them does not; then the copy before is in its place again
 */
export async function swapApplied(
  { paths, client }: Pick<Context, "paths" | "client">,
  report: PolicyReport,
): Promise<void> {
  const swap = prepareSwap(paths.applied, report);
  const reload = async (back: boolean): Promise<string> => {
    const body = { operator: operatorName(), ...(back && { back }) };
    return (await client.post("PolicyReload", ADMIN_PATHS.policyReload, body)).policy;
  };
  try {
    swap.forward();
    if ((await reload(false)) !== hashTexts(report))
      throw new OperatorError("keyserver took another policy");
  } catch (cause) {
    // The copy that is in force and the copy on disk must not differ: the next start would surprise.
    swap.back();
    // keysigner may hold the new one already, and would soon sign nothing for a keyserver that holds the old one.
    await reload(true).catch(() => undefined);
    throw notApplied(cause);
  }
  swap.tidy();
}

function notApplied(cause: unknown): OperatorError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new OperatorError(`${why}; nothing was applied, the policy before is in force`, {
    hint: "see what keeps it: keyserver status; then: keyserver policy apply",
    ...(cause instanceof OperatorError && { exitCode: cause.exitCode }),
    cause,
  });
}
