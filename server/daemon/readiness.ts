import type { SignerClient } from "../../keys/signer/client.ts";
import type { Health } from "../../protocol/messages.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { formatTime } from "../time.ts";
import type { OwnCertificate } from "./own-certificate.ts";
import type { PolicyStanding } from "./policy-standing.ts";

export type ReadinessDeps = {
  readonly ledger: Pick<Ledger, "probe">;
  readonly signer: Pick<SignerClient, "status">;
  readonly policy: () => ActivePolicy;
  readonly ownCertificate: () => OwnCertificate;
  readonly now: () => number;
};

type Check = Health["checks"][number];

/** Ready means: can sign. Each check says what keeps it from that. */
export async function checkReadiness(deps: ReadinessDeps): Promise<Health> {
  const checks = await Promise.all([
    attempt("ledger", () => deps.ledger.probe()),
    attempt("signer", () => checkSigner(deps)),
    attempt("certificate", () => checkOwn(deps)),
  ]);
  return { status: checks.every(({ ok }) => ok) ? "ok" : "not ready", checks };
}

/** Of a process that answers: whether the policy on disk is the one in force. It is alive in either case. */
export function checkHealth(standing: PolicyStanding): Health {
  const refusal = standing.refusal();
  const details = [
    ...(standing.isFileInForce() ? [] : ["the policy file is not the policy in force"]),
    ...(refusal === undefined
      ? []
      : [`a policy did not come into force at ${formatTime(refusal.at)}; see keyserver status`]),
  ];
  const ok = details.length === 0;
  const check = { name: "policy", ok, ...(!ok && { detail: details.join("; ") }) };
  return { status: "ok", checks: [check] };
}

async function attempt(name: string, check: () => Promise<void> | void): Promise<Check> {
  try {
    await check();
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function checkSigner({ signer, policy }: ReadinessDeps): Promise<void> {
  const { policy: loaded } = await signer.status();
  const { hash } = policy();
  if (loaded === hash) return;
  const short = (text: string): string => text.slice(0, 8);
  throw new Error(
    `the signer holds policy ${short(loaded)}, keyserver ${short(hash)}: reload both`,
  );
}

function checkOwn({ ownCertificate, now }: ReadinessDeps): void {
  const { notAfter } = ownCertificate();
  if (now() > notAfter)
    throw new Error(`keyserver's own certificate ended at ${formatTime(notAfter)}`);
}
