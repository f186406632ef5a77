import type { FastifyBaseLogger } from "fastify";
import type { ChildOutcome } from "./policy-child.ts";
import type { PolicyStanding } from "./policy-standing.ts";

export type PolicySignalDeps = {
  readonly standing: Pick<PolicyStanding, "isFileApplied" | "refusal">;
  /** Applies the edited file as `keyserver policy apply --yes` does. */
  readonly apply: () => Promise<ChildOutcome>;
  /** Takes the applied copy anew. */
  readonly reread: () => Promise<string>;
  /** Says for the log and for whoever asks that nothing came of it. */
  readonly refuse: (why: string) => Promise<void>;
  readonly log: Pick<FastifyBaseLogger, "info" | "error">;
};

/**
 * What SIGHUP does: an edited policy goes the road of `policy apply --yes`, on which nothing that loosens a `never`
 * rule gets through; where there is no edit, the applied copy is taken anew. One at a time; a signal that comes
 * meanwhile is answered by one more round. Never rejects: what went wrong is logged.
 */
export function createPolicySignal(deps: PolicySignalDeps): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  const repeat = async (): Promise<void> => {
    do {
      again = false;
      await answerSignal(deps);
    } while (again);
  };
  return () => {
    if (running !== undefined) again = true;
    return (running ??= repeat().finally(() => {
      running = undefined;
    }));
  };
}

async function answerSignal({
  standing,
  apply,
  reread,
  refuse,
  log,
}: PolicySignalDeps): Promise<void> {
  if (standing.isFileApplied()) {
    await reread().then(
      (policy) => log.info({ by: "SIGHUP", policy }, "applied policy taken anew"),
      (err: unknown) => log.error({ by: "SIGHUP", err }, "the policy before stays in force"),
    );
    return;
  }
  const before = standing.refusal();
  const outcome = await apply();
  if (outcome.isApplied) {
    const { policy, version } = outcome;
    log.info({ by: "SIGHUP", policy, version }, "policy applied");
    return;
  }
  const { why, hint = "keyserver policy apply, as root" } = outcome;
  // A refusal for what the policy says was told by the command itself already.
  if (standing.refusal() === before) await refuse(why);
  log.error({ by: "SIGHUP", why, hint }, "policy not applied: the policy before stays in force");
}
