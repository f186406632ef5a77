import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../harness/cluster.ts";
import { askCertificates, type Identity } from "../harness/test-node.ts";

/** What a joined node proves itself with, read from its disk. */
export function identityOf(cluster: Cluster, node: string): Identity {
  const read = (name: string): string =>
    readFileSync(join(cluster.nodeRoot(node), "var/lib/keyclient/identity", name), "utf8");
  return { certificate: read("certificate.pem"), key: read("key.pem") };
}

/** One certificate that a node asks for without keyclient. @throws Error when it is refused */
export async function issueTo(
  cluster: Cluster,
  node: string,
  request: object,
): Promise<{ readonly certificate: string; readonly notAfter: string }> {
  const [issued] = await askCertificates(cluster, [request], {
    identity: identityOf(cluster, node),
  });
  if (issued === undefined || "problem" in issued) throw new Error(JSON.stringify(issued));
  return issued;
}
