import type { Machine } from "./machines.ts";
import type { MachineName } from "./site.ts";

/** The machines that join, the master first. */
export const NODES = ["m1", "m2", "m3", "w1", "s1"] as const satisfies readonly MachineName[];

/** The masters. */
export const MASTERS = ["m1", "m2", "m3"] as const satisfies readonly MachineName[];

/**
 * In the place of keyclient.timer's five minutes: lifetimes are minutes too. The machines do not tick all at the
 * same moment.
 */
export const FAST_TIMER = `[Timer]
OnCalendar=
OnCalendar=*:*:0/5
OnBootSec=5s
RandomizedDelaySec=3s
AccuracySec=100ms
`;

/** What `keyserver cert list` says of a certificate; both times as it prints them. */
export type Issued = {
  readonly serial: string;
  readonly grant: string;
  readonly issuedAt: string;
  readonly notAfter?: string;
};

/** Certificates of a node that m1's ledger knows, the newest first. */
export async function listIssued(
  m1: Machine,
  node: string,
  grant?: string,
): Promise<readonly Issued[]> {
  const which = ["--node", node, ...(grant === undefined ? [] : ["--grant", grant])];
  const text = await m1.ok(["keyserver", "cert", "list", "--json", "--limit", "1000", ...which]);
  const { certificates }: { readonly certificates: readonly Issued[] } = JSON.parse(text);
  return certificates;
}

/** The join string that `keyserver node admit` prints, as a person copies it. @throws Error with the text */
export function readJoinString(text: string): string {
  const [, found] = /^ {2}keyclient join (\S+)$/m.exec(text) ?? [];
  if (found === undefined) throw new Error(`there is no line to paste in:\n${text}`);
  return found;
}
