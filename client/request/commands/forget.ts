import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { nearestSpelling } from "../../../protocol/spelling.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import { findCluster, readClusters, type Cluster } from "../session/cluster.ts";
import type { RequestDeps } from "../deps.ts";
import { listCredentials } from "../held/store.ts";
import { takeAway, type Taken } from "../held/taking-away.ts";

/** Flags of `keyreq forget`. */
export type ForgetFlags = { readonly setup?: boolean };

/** `keyreq forget [GRANT]` takes certificates and keys away from the agent and the files; nothing is revoked. */
export async function forgetCommand(
  deps: RequestDeps,
  output: Output,
  grant: string | undefined,
  { setup }: ForgetFlags,
): Promise<ExitCode> {
  const clusters = deps.cluster === undefined ? readClusters(deps) : [findCluster(deps)];
  const forgotten: Taken[] = [];
  for (const cluster of clusters) {
    forgotten.push(...(await forgetOf(deps, cluster, grant)));
  }
  if (grant !== undefined && forgotten.length === 0) throw notHeld(deps, clusters, grant);
  for (const each of forgotten) output.done(each.grant, sayForgotten(each));
  if (forgotten.length === 0) output.say("nothing is held here");
  output.document({ forgotten, setup: setup === true });
  if (setup === true) {
    const { removeSetup } = await import("../setup/removal.ts");
    await removeSetup(deps, output);
  }
  return EXIT.ok;
}

async function forgetOf(
  deps: RequestDeps,
  cluster: Cluster,
  grant: string | undefined,
): Promise<readonly Taken[]> {
  const held = listCredentials(deps, cluster).filter(
    (summary) => grant === undefined || summary.grant === grant,
  );
  const taken: Taken[] = [];
  for (const summary of held) taken.push(await takeAway(deps, cluster, summary));
  return taken;
}

function notHeld(deps: RequestDeps, clusters: readonly Cluster[], grant: string): Failure {
  const held = clusters.flatMap((cluster) => listCredentials(deps, cluster));
  const guess = nearestSpelling(
    grant,
    held.map((summary) => summary.grant),
  );
  const meant = guess === undefined ? "" : `did you mean ${guess}?      `;
  return new Failure(EXIT.usage, `nothing of ${JSON.stringify(grant.slice(0, 64))} is held here`, [
    `${meant}keyreq status`,
  ]);
}

const sayForgotten = ({ inAgent }: Taken): string =>
  inAgent === 0 ? "its files are gone" : "gone from the agent, and its files";
