import type { AuthorityInfo } from "../../keys/signer/messages.ts";
import type { Policy } from "../../policy/decision.ts";
import type { Trust } from "../../protocol/messages.ts";

/** The anchors of the cluster as they are given to everyone. */
export function describeTrust(policy: Policy, authorities: readonly AuthorityInfo[]): Trust {
  const { name, domain } = policy.cluster;
  return {
    cluster: name,
    domain,
    authorities: authorities.map(({ name: authority, kind, anchor }) => ({
      name: authority,
      kind,
      anchors: [anchor],
    })),
  };
}

/** The authority under which nodes prove who they are, and keyserver itself. */
export function nodesAuthority(authorities: readonly AuthorityInfo[]): AuthorityInfo {
  const found = authorities.find(({ name }) => name === "nodes");
  if (found === undefined) throw new TypeError("the signer has no authority nodes");
  return found;
}
