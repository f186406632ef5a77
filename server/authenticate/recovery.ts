import type { Policy } from "../../policy/decision.ts";
import type { Recovery } from "../../policy/model.ts";
import { formatDuration } from "../../policy/text/duration.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import { identityGrant } from "../issue/join.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { formatTime } from "../time.ts";
import type { Identity } from "./identity.ts";

/** What a node asks for whose identity has ended, and when, in seconds since 1970. */
export type Returning = { readonly asked: readonly string[] | undefined; readonly now: number };

/** What lets a node come back: the grant of its identity, and how often. */
export type Allowance = Pick<Recovery, "times"> & { readonly grant: string };

/**
 * Whether the policy lets a node come back whose identity has ended: soon enough, for nothing but a new identity, and
 * to an address that it has in the policy. Address, state and use are judged as for any other.
 *
 * @throws KeysystemError `auth.expired` saying what stands against it
 */
export function allowRecovery(
  policy: Policy,
  { node, notAfter }: Identity,
  { asked, now }: Returning,
): Allowance {
  const ended = `the client certificate ended at ${formatTime(notAfter)}`;
  const name = identityGrant({ policy }, node);
  const grant = policy.grants.get(name);
  const recover = grant?.verb === "issue" && grant.kind === "tls" ? grant.recover : undefined;
  if (recover === undefined) throw expired(`${ended}; join again with a new join string`);
  const { within, times } = recover;
  if (now - notAfter > within) {
    const limit = `longer ago than the ${formatDuration(within)} within which grant ${name} lets a node come back`;
    throw expired(`${ended}, ${limit}; join again with a new join string`);
  }
  if (policy.nodes.get(node)?.address === undefined) {
    const why = `the policy gives ${node} no address that it could come back from`;
    throw expired(`${ended}, and ${why}; join again with a new join string`);
  }
  if (asked?.length !== 1 || asked[0] !== name) {
    throw expired(`${ended}; until ${node} has a new identity it can ask for ${name} alone`);
  }
  return { grant: name, times };
}

/** Counts it, and logs it, before anything is issued. @throws KeysystemError `auth.expired` when that was too often */
export async function noteRecovery(
  { ledger, now }: { readonly ledger: Pick<Ledger, "noteRecovery">; readonly now: () => number },
  { node, serial, notAfter }: Identity,
  { grant, times, from }: Allowance & { readonly from: string },
): Promise<void> {
  if (await ledger.noteRecovery({ node, serial, at: now(), from, times })) return;
  const often = times === 1 ? "once" : `${times} times`;
  throw expired(
    `the client certificate ended at ${formatTime(notAfter)}, and ${node} has come back ${often} since it joined, ` +
      `as often as grant ${grant} allows; join again with a new join string`,
  );
}

const expired = (detail: string): KeysystemError => new KeysystemError("auth.expired", detail);
