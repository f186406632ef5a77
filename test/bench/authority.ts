import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { formatSecret, parseJoinString } from "../../protocol/join-string.ts";
import { JoinResult } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import { startCluster, type Cluster } from "../harness/cluster.ts";
import { listDescendants } from "../harness/process-table.ts";
import { askOverSocket } from "../harness/unix-request.ts";
import type { LoadClient } from "./load/plan.ts";
import { benchNodes, benchPolicy } from "./policy.ts";
import { createKeyAndRequest } from "./requests.ts";

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
    const { pid } = cluster.daemon();
    const anchor = readFileSync(
      join(cluster.root, "var/lib/keysigner/authorities/nodes.crt"),
      "utf8",
    );
    const [host = "", port = ""] = cluster.address.split(":");
    const endpoint = { host, port: Number(port), anchor };
    const clients: LoadClient[] = [];
    for (const [node, address] of benchNodes(NODES)) {
      clients.push(await joinNode(cluster, endpoint, node, bound ? address : "127.0.0.1"));
    }
    return {
      cluster,
      ...endpoint,
      clients,
      pids: () => [pid, ...listDescendants(pid)],
      [Symbol.asyncDispose]: () => cluster.dispose(),
    };
  } catch (error) {
    await cluster.dispose();
    throw error;
  }
}

type ServerEndpoint = Pick<BenchAuthority, "host" | "port" | "anchor">;

const Admission = Type.Object({ joinString: Type.String() });

async function joinNode(
  cluster: Cluster,
  endpoint: ServerEndpoint,
  node: string,
  localAddress: string,
): Promise<LoadClient> {
  const socket = join(cluster.root, "run/keysystem/admin.sock");
  const admitted = await askOverSocket(socket, "POST", "/v1/tokens", { node });
  if (admitted.status !== 200) throw new Error(`admit ${node}: ${admitted.body}`);
  const { joinString } = Value.Parse(Admission, JSON.parse(admitted.body));
  const { key, csr } = createKeyAndRequest();
  const secret = formatSecret(parseJoinString(joinString).secret);
  const body = await redeem(endpoint, { secret, csr, localAddress });
  const { identity } = Value.Parse(JoinResult, JSON.parse(body));
  return { certificate: identity.certificate, key, localAddress };
}

type Redemption = {
  readonly secret: string;
  readonly csr: string;
  readonly localAddress: string;
};

function redeem(
  { host, port, anchor }: ServerEndpoint,
  { secret, csr, localAddress }: Redemption,
): Promise<string> {
  const headers = { authorization: `Join ${secret}`, "content-type": "application/json" };
  const options = {
    host,
    port,
    ca: anchor,
    localAddress,
    method: "POST",
    path: PATHS.join,
    headers,
  };
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        if (answer.statusCode === 200) resolve(body);
        else reject(new Error(`join: ${answer.statusCode ?? "no status"}: ${body}`));
      });
    });
    asked.on("error", reject);
    asked.end(JSON.stringify({ csr }));
  });
}
