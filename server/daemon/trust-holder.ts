import type { AuthorityInfo } from "../../keys/signer/messages.ts";
import type { Policy } from "../../policy/decision.ts";
import type { PeopleInfo, Trust } from "../../protocol/messages.ts";

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

export type TrustViewDeps = {
  readonly trust: () => Trust;
  readonly people: () => PeopleInfo;
};

/** The anchors with what people are told; the same object for as long as the anchors are, so that its tag is made once. */
export function createTrustView({ trust, people }: TrustViewDeps): () => Trust {
  const views = new WeakMap<Trust, Trust>();
  return () => {
    const plain = trust();
    const view = views.get(plain) ?? { ...plain, people: people() };
    views.set(plain, view);
    return view;
  };
}

/** The authority under which nodes prove who they are, and keyserver itself. */
export function nodesAuthority(authorities: readonly AuthorityInfo[]): AuthorityInfo {
  const found = authorities.find(({ name }) => name === "nodes");
  if (found === undefined) throw new TypeError("the signer has no authority nodes");
  return found;
}
