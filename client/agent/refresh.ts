import type { Keyserver } from "../connection/keyserver.ts";
import type { Disk } from "../files/disk.ts";
import { formatTime } from "../terminal/duration.ts";
import { Failure } from "../terminal/failure.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import type { Trust } from "../../protocol/messages.ts";
import { anchorsOf, keepAnchors } from "./anchors.ts";
import { triedAgainAt } from "./back-off.ts";
import type { Memory } from "./memory.ts";
import { spreadOf } from "./schedule.ts";
import { writeTrust, type State } from "./state.ts";

/** Seconds between looks at grants and trust, and by how much of it nodes are spread. */
const EVERY = 3600;
const SPREAD = 0.1;

/** Seconds until a grant that was withdrawn is asked about again. */
const WITHDRAWN_EVERY = 900;

/**
 * When grants and trust are to be fetched next, in milliseconds since 1970: at once where they were fetched later
 * than now, since then the clock was set back, and nothing that goes by it would notice that it is due.
 *
 * @param now the same
 */
export function refreshDueAt(state: State, now: number): number {
  const { refreshed, refresh, node } = state;
  if (refresh !== undefined) return triedAgainAt(refresh, now);
  if (refreshed === undefined || Date.parse(refreshed) > now) return 0;
  const every = withdrawnGrants(state).length > 0 ? WITHDRAWN_EVERY : EVERY;
  return Date.parse(refreshed) + every * 1000 * (1 - SPREAD * spreadOf(node, "refresh"));
}

/** Grants that this node has a certificate of and is not given any more. */
export function withdrawnGrants({ refreshed, credentials, offers }: State): readonly string[] {
  if (refreshed === undefined) return [];
  const offered = new Set(offers.map(({ grant }) => grant));
  return Object.keys(credentials).filter((grant) => !offered.has(grant));
}

export type RefreshDeps = {
  readonly disk: Disk;
  readonly gid: number;
  readonly memory: Memory;
  readonly now: () => number;
};

/** Fetches what this node may get and whom it trusts. @throws KeysystemError or Failure */
export async function refresh(
  { disk, gid, memory, now }: RefreshDeps,
  keyserver: Pick<Keyserver, "grants" | "trust">,
): Promise<Trust> {
  const trust = await keyserver.trust();
  const { grants, refused } = await keyserver.grants();
  // Without an anchor for the server itself this node could never come back.
  if (trust.cluster !== memory.state().cluster || anchorsOf(trust, "nodes").length === 0) {
    throw new Failure(EXIT.unhealthy, "the server's list of authorities is not this cluster's", [
      "on the master:  keyserver status",
    ]);
  }
  writeTrust(disk, gid, trust);
  keepAnchors(disk, gid, trust);
  memory.change({ offers: grants, refused });
  noteRefreshed(memory, now());
  return trust;
}

function noteRefreshed(memory: Memory, now: number): void {
  const { refresh: _, ...state } = memory.state();
  memory.replace({ ...state, refreshed: formatTime(now) });
}
