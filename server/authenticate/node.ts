import type { Policy } from "../../policy/decision.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { formatTime } from "../time.ts";
import type { Caller } from "./caller.ts";
import { createIdentityFinder, type Identity } from "./identity.ts";
import type { PeerCertificate } from "./peer-certificate.ts";
import { allowRecovery, noteRecovery } from "./recovery.ts";

export type NodeAuthDeps = {
  readonly policy: () => Policy;
  readonly ledger: Pick<
    Ledger,
    "findCertificate" | "findNode" | "confirmIdentity" | "noteRecovery" | "note"
  >;
  /** Seconds since 1970. */
  readonly now: () => number;
};

/**
 * Gives the node behind a client certificate. `asked` are the grants of a request for certificates: by one for a new
 * identity, alone, a node whose identity has ended comes back where the policy lets it.
 *
 * @throws KeysystemError `auth.*`
 */
export type NodeAuthenticator = (
  peer: PeerCertificate,
  from: string,
  asked?: readonly string[],
) => Promise<Caller>;

/**
 * Judges a node's client certificate, anew on each request: also on a connection that has been open for hours.
 *
 * Accepted is only a certificate that the ledger has, byte for byte, as an identity of an active node of the policy,
 * within its time, from the node's own address, and not older than the newest one that the node has used. Where the
 * policy lets a node come back that was off for longer, all of that but the time holds for it too.
 */
export function createNodeAuthenticator(deps: NodeAuthDeps): NodeAuthenticator {
  const findIdentity = createIdentityFinder(deps.ledger);
  const raised = new Set<string>();

  return async (peer, from, asked) => {
    checkChain(peer);
    const identity = await findIdentity(peer.raw);
    const now = deps.now();
    checkBegin(identity, now);
    const recovery =
      now > identity.notAfter ? allowRecovery(deps.policy(), identity, { asked, now }) : undefined;
    checkAddress(deps.policy(), identity.node, from);
    await checkState(deps, raised, identity, from);
    if (recovery !== undefined) await noteRecovery(deps, identity, { ...recovery, from });
    return { subject: { kind: "node", node: identity.node }, from };
  };
}

function checkChain({ chained, why }: PeerCertificate): void {
  if (chained) return;
  const detail = `the client certificate was not issued by authority nodes of this cluster (${why})`;
  throw new KeysystemError("auth.certificate", detail);
}

function checkBegin({ notBefore }: Identity, now: number): void {
  if (now >= notBefore) return;
  const detail = `the client certificate begins at ${formatTime(notBefore)}; the server's clock says ${formatTime(now)}`;
  throw new KeysystemError("auth.certificate", detail);
}

function checkAddress(policy: Policy, node: string, from: string): void {
  const known = policy.nodes.get(node);
  if (known === undefined) {
    throw new KeysystemError("auth.forbidden", `the policy names no node ${node} any more`);
  }
  if (known.address === undefined || known.address === from) return;
  const detail = `${node} is ${known.address} in the policy, and the request comes from ${from}`;
  throw new KeysystemError("auth.address", detail);
}

async function checkState(
  { ledger, now }: NodeAuthDeps,
  raised: Set<string>,
  { node, serial }: Identity,
  from: string,
): Promise<void> {
  const before = await ledger.findNode(node);
  if (before?.state !== "active") {
    const state = before?.state ?? "not joined";
    const detail = `${node} is ${state}; on the master: keyserver node show ${node}`;
    throw new KeysystemError("auth.suspended", detail);
  }
  if (before.confirmed === serial) return;
  if ((await ledger.confirmIdentity(node, serial, now())) === "newest") return;

  // Somebody holds an old key of this node: a restored image or a copy. It is said once for each certificate.
  if (!raised.has(serial)) {
    raised.add(serial);
    await ledger.note({ at: now(), event: "identity.superseded", node, serial, from });
  }
  const detail = `${node} has used a newer identity certificate since; this machine is a copy or was restored: join again`;
  throw new KeysystemError("auth.superseded", detail);
}
