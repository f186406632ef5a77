import { hash } from "node:crypto";
import type { GrantOffer } from "../../protocol/messages.ts";
import type { CredentialRecord } from "./credential.ts";

/** Seconds: nothing is asked for more often than this. */
export const SHORTEST_WAIT = 60;

/** A number in [0, 1) that is the same on every run, and unlike for unlike nodes and grants. */
export const spreadOf = (node: string, grant: string): number =>
  hash("sha256", `${node}\0${grant}`, "buffer").readUInt32BE(0) / 2 ** 32;

type Window = Pick<CredentialRecord, "grant" | "renewAfter" | "renewBefore" | "issued">;

/**
 * When to renew, in milliseconds since 1970: at a place of its own inside the window that the
 * server gave, so that no two nodes move together; or at once where the operator has called
 * renewals forward.
 */
export function dueAt(
  node: string,
  { grant, renewAfter, renewBefore, issued }: Window,
  offer: Pick<GrantOffer, "renewIssuedBefore"> | undefined,
): number {
  const after = Date.parse(renewAfter);
  const regular = after + spreadOf(node, grant) * Math.max(0, Date.parse(renewBefore) - after);
  const made = Date.parse(issued);
  const isCalled = made < Date.parse(offer?.renewIssuedBefore ?? "");
  return isCalled ? Math.min(regular, made + SHORTEST_WAIT * 1000) : regular;
}
