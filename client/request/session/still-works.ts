import { EXIT } from "../../../protocol/exit-codes.ts";
import { formatDuration } from "../../terminal/duration.ts";
import { Failure } from "../../terminal/failure.ts";
import { readClusters } from "./cluster.ts";
import type { CredentialSummary } from "../held/credential.ts";
import type { RequestDeps } from "../deps.ts";
import { listCredentials } from "../held/store.ts";

/** During an outage, says what is held and goes on working, and how to wait; any other error as it is. */
export function withWhatStillWorks(deps: RequestDeps, error: unknown): unknown {
  if (!(error instanceof Failure) || error.exit !== EXIT.unreachable) return error;
  const held = describeHeld(deps);
  const hints = [
    ...(held.length === 0 ? [] : [`still works:  ${held.join(" · ")}`]),
    ...error.hints,
    "retry:  keyreq --wait 5m …",
  ];
  return new Failure(error.exit, error.message, hints, { cause: error.cause });
}

/** What is held and valid; nothing where the store cannot be read, since that is not what went wrong. */
function describeHeld(deps: RequestDeps): readonly string[] {
  try {
    const now = deps.now();
    return readClusters(deps)
      .filter(({ name }) => deps.cluster === undefined || deps.cluster === name)
      .flatMap((cluster) => listCredentials(deps, cluster))
      .filter(({ notAfter }) => notAfter > now)
      .map((summary) => describe(summary, now));
  } catch {
    return [];
  }
}

const describe = ({ grant, keyIn, notAfter }: CredentialSummary, now: number): string =>
  `${grant} for ${formatDuration((notAfter - now) / 1000)}${keyIn === "agent" ? " (in the agent)" : ""}`;
