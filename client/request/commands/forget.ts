import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { nearestSpelling } from "../../../protocol/spelling.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import { forgetFromAgent } from "../agent.ts";
import { findCluster, readClusters, type Cluster } from "../cluster.ts";
import type { RequestDeps } from "../deps.ts";
import { listCredentials, removeCredential } from "../store.ts";

/** Flags of `keyreq forget`. */
export type ForgetFlags = { readonly setup?: boolean };

/** A credential that was taken away, and how many keys of it the agent held. */
type Forgotten = {
  readonly cluster: string;
  readonly grant: string;
  readonly files: boolean;
  readonly inAgent: number;
};

/** `keyreq forget [GRANT]` takes certificates and keys away from the agent and the files; nothing is revoked. */
export async function forgetCommand(
  deps: RequestDeps,
  output: Output,
  grant: string | undefined,
  { setup }: ForgetFlags,
): Promise<ExitCode> {
  const clusters = deps.cluster === undefined ? readClusters(deps) : [findCluster(deps)];
  const forgotten: Forgotten[] = [];
  for (const cluster of clusters) {
    forgotten.push(...(await forgetOf(deps, cluster, grant)));
  }
  if (grant !== undefined && forgotten.length === 0) throw notHeld(deps, clusters, grant);
  for (const each of forgotten) output.done(each.grant, sayForgotten(each));
  if (forgotten.length === 0) output.say("nothing is held here");
  output.document({ forgotten, setup: setup === true });
  if (setup === true) {
    const { removeSetup } = await import("../setup-removal.ts");
    await removeSetup(deps, output);
  }
  return EXIT.ok;
}

async function forgetOf(
  deps: RequestDeps,
  cluster: Cluster,
  grant: string | undefined,
): Promise<readonly Forgotten[]> {
  const held = listCredentials(deps, cluster).filter(
    (summary) => grant === undefined || summary.grant === grant,
  );
  const forgotten: Forgotten[] = [];
  for (const summary of held) {
    const inAgent = summary.form === "ssh" ? await forgetFromAgent(deps, summary) : 0;
    const files = removeCredential(deps, cluster, summary.grant);
    forgotten.push({ cluster: cluster.name, grant: summary.grant, files, inAgent });
  }
  return forgotten;
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

const sayForgotten = ({ inAgent }: Forgotten): string =>
  inAgent === 0 ? "its files are gone" : "gone from the agent, and its files";
