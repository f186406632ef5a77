import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { formatSecret, parseJoinString } from "../../protocol/join-string.ts";
import { JoinResult } from "../../protocol/messages.ts";
import { ADMIN_PATHS, PATHS } from "../../protocol/paths.ts";
import { startCluster, type Cluster } from "../harness/cluster.ts";
import { askOverHttps } from "../harness/https-request.ts";
import { createKeyAndRequest } from "../harness/key-request.ts";
import { listDescendants } from "../harness/process-table.ts";
import { askOverSocket } from "../harness/unix-request.ts";
import type { LoadClient } from "./load/plan.ts";
import { benchNodes, benchPolicy } from "./policy.ts";

/** A running authority with joined nodes, as a load needs it. */
export type BenchAuthority = AsyncDisposable & {
  readonly cluster: Cluster;
  readonly host: string;
  readonly port: number;
  /** PEM of authority `nodes`. */
  readonly anchor: string;
  readonly clients: readonly LoadClient[];
  /** Process ids of keyserver and all that it started. */
  readonly pids: () => readonly number[];
};

const NODES = 32;

/** Starts an authority and joins its nodes over the network; `bound` as in {@link benchPolicy}. */
export async function startAuthority(bound = true): Promise<BenchAuthority> {
  const policy = benchPolicy(NODES, bound);
  const cluster = await startCluster({ policy, cluster: "bench", domain: "bench.test" });
  try {
    const { pid } = cluster.current();
    const anchor = readFileSync(
      join(cluster.root, "var/lib/keysigner/authorities/nodes.crt"),
      "utf8",
    );
    const [host = "", port = ""] = cluster.address.split(":");
    const clients: LoadClient[] = [];
    for (const [node, address] of benchNodes(NODES)) {
      clients.push(await joinNode(cluster, anchor, node, bound ? address : "127.0.0.1"));
    }
    return {
      cluster,
      host,
      port: Number(port),
      anchor,
      clients,
      pids: () => [pid, ...listDescendants(pid)],
      [Symbol.asyncDispose]: () => cluster.dispose(),
    };
  } catch (error) {
    await cluster.dispose();
    throw error;
  }
}

const Admission = Type.Object({ joinString: Type.String() });

async function joinNode(
  { address: server, root }: Cluster,
  anchor: string,
  node: string,
  localAddress: string,
): Promise<LoadClient> {
  const socket = join(root, "run/keysystem/admin.sock");
  const admitted = await askOverSocket(socket, "POST", ADMIN_PATHS.tokens, { node });
  if (admitted.status !== 200) throw new Error(`admit ${node}: ${admitted.body}`);
  const { joinString } = Value.Parse(Admission, JSON.parse(admitted.body));
  const headers = { authorization: `Join ${formatSecret(parseJoinString(joinString).secret)}` };
  const { key, csr } = createKeyAndRequest();
  const asked = { server, anchor, localAddress, path: PATHS.join, headers, body: { csr } };
  const { status, body } = await askOverHttps(asked);
  if (status !== 200) throw new Error(`join ${node}: ${body}`);
  const { identity } = Value.Parse(JoinResult, JSON.parse(body));
  return { certificate: identity.certificate, key, localAddress };
}
