import type { SignerClient } from "../../keys/signer/client.ts";
import type { AuthorityInfo } from "../../keys/signer/messages.ts";
import type { Policy } from "../../policy/decision.ts";
import type { Trust } from "../../protocol/messages.ts";
import { OperatorError } from "../config/operator-error.ts";
import { describeTrust, nodesAuthority } from "./trust-holder.ts";

/** The authorities as the signer showed them at the last reload. */
export type AuthorityState = {
  readonly all: readonly AuthorityInfo[];
  readonly nodes: AuthorityInfo;
  readonly trust: Trust;
};

/**
 * Asks the signer for its authorities.
 *
 * @throws OperatorError when the policy names one that has no key, with the command that makes it
 */
export async function readAuthorities(
  signer: Pick<SignerClient, "authorities">,
  policy: Policy,
): Promise<AuthorityState> {
  const all = await signer.authorities();
  const names = new Set(all.map(({ name }) => name));
  const missing = [...policy.authorities.keys()].filter((name) => !names.has(name));
  if (missing.length > 0) {
    throw new OperatorError(`authority ${missing.join(", ")} of the policy has no key yet`, {
      hint: missing.map((name) => `keyserver authority create ${name}`).join("; "),
      exitCode: 5,
    });
  }
  return { all, nodes: nodesAuthority(all), trust: describeTrust(policy, all) };
}
