import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { ProblemSchema } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import type { Cluster } from "../harness/cluster.ts";
import { askOverHttps } from "../harness/https-request.ts";
import { createKeyAndRequest } from "../harness/key-request.ts";

const Refused = Type.Object({ results: Type.Array(Type.Object({ problem: ProblemSchema })) });

/**
 * Asks, as a joined node and with its own identity, for a grant that it does not hold.
 *
 * @throws Error when it is not refused.
 */
export async function askForTooMuch(
  cluster: Cluster,
  node: string,
  grant: string,
): Promise<string> {
  const state = join(cluster.nodeRoot(node), "var/lib/keyclient");
  const read = (file: string): string => readFileSync(join(state, file), "utf8");
  const { body } = await askOverHttps({
    server: cluster.address,
    anchor: read("trust/nodes.pem"),
    identity: { certificate: read("identity/certificate.pem"), key: read("identity/key.pem") },
    path: PATHS.certificates,
    body: { requests: [{ grant, csr: createKeyAndRequest().csr }] },
  });
  const answer: unknown = JSON.parse(body);
  const [result] = Value.Check(Refused, answer) ? answer.results : [];
  if (result === undefined) throw new Error(`was not refused: ${body}`);
  return `${result.problem.status} ${result.problem.title}: ${result.problem.detail ?? ""}`;
}
