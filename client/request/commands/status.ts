import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { formatDuration, formatTime } from "../../terminal/duration.ts";
import type { Output } from "../../terminal/output.ts";
import { formatTable } from "../../terminal/table.ts";
import { findCluster, readClusters } from "../session/cluster.ts";
import type { CredentialSummary } from "../held/credential.ts";
import type { RequestDeps } from "../deps.ts";
import { listCredentials } from "../held/store.ts";
import { clearExpired } from "../held/taking-away.ts";

/** `keyreq status` says what is held; it asks no server. Exit code 5 when something expired; that is cleared away then. */
export function statusCommand(deps: RequestDeps, output: Output): Promise<ExitCode> {
  const clusters = deps.cluster === undefined ? readClusters(deps) : [findCluster(deps)];
  const held = clusters.flatMap((cluster) => listCredentials(deps, cluster));
  const now = deps.now();
  sayHeld(output, held, { now, several: clusters.length > 1 });
  const expired = held.filter(({ notAfter }) => notAfter <= now);
  output.document({
    clusters: clusters.map(({ name, servers }) => ({ name, servers })),
    credentials: held.map((summary) => documentOf(summary, now)),
    healthy: expired.length === 0,
  });
  for (const cluster of clusters) clearExpired(deps, cluster);
  return Promise.resolve(expired.length === 0 ? EXIT.ok : EXIT.unhealthy);
}

type Shown = { readonly now: number; readonly several: boolean };

function sayHeld(
  output: Output,
  held: readonly CredentialSummary[],
  { now, several }: Shown,
): void {
  if (held.length === 0) {
    output.say("nothing is held here; what you may get:  keyreq grants");
    return;
  }
  const head = ["CREDENTIAL", "STATE", "LEFT", "FOR", "KEY"];
  const rows = held.map((summary) => {
    const { cluster, grant, keyIn } = summary;
    const name = several ? `${cluster}/${grant}` : grant;
    return [
      name,
      stateOf(summary, now),
      sayLeft(summary, now),
      sayUse(summary),
      `in ${KEY[keyIn]}`,
    ];
  });
  for (const line of formatTable([head, ...rows])) output.say(line);
}

const KEY = { agent: "the agent", files: "a file" } as const;

const stateOf = ({ notAfter }: CredentialSummary, now: number): string =>
  notAfter <= now ? "expired" : "ok";

function sayLeft({ notAfter }: CredentialSummary, now: number): string {
  const span = formatDuration((notAfter - now) / 1000);
  return notAfter <= now ? `${span} ago, cleared away` : span;
}

const sayUse = ({ form, principals, authority }: CredentialSummary): string =>
  form === "ssh" ? `SSH as ${principals.join(", ")}` : authority;

const documentOf = (
  { notBefore, notAfter, ...summary }: CredentialSummary,
  now: number,
): Record<string, unknown> => ({
  ...summary,
  state: notAfter <= now ? "expired" : "ok",
  notBefore: formatTime(notBefore),
  notAfter: formatTime(notAfter),
  left: Math.floor((notAfter - now) / 1000),
});
