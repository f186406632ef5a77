import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import { Value } from "typebox/value";
import { CertificateResults } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import type { Cluster } from "../harness/cluster.ts";
import { type Identity, nodesAnchor } from "../harness/test-node.ts";
import { makeBatch } from "./requests.ts";

/** A batch that was answered: from which port it was asked, and what came. */
export type Acknowledged = {
  readonly port: number;
  readonly certificates: readonly { readonly serial: string; readonly bytes: Buffer }[];
};

/** Asks for a batch over a connection of its own. @throws Error when a certificate of it was refused */
export async function askFromPort(cluster: Cluster, identity: Identity): Promise<Acknowledged> {
  const { port, body } = await ask(cluster, identity);
  const { results } = Value.Parse(CertificateResults, JSON.parse(body));
  const certificates = results.map((result) => {
    if ("problem" in result) throw new Error(`refused: ${JSON.stringify(result)}`);
    return { serial: result.serial, bytes: bytesOf(result.certificate) };
  });
  return { port, certificates };
}

/** DER, or the blob of an OpenSSH line. */
function bytesOf(certificate: string): Buffer {
  if (certificate.startsWith("-----")) return new X509Certificate(certificate).raw;
  return Buffer.from(certificate.split(" ")[1] ?? "", "base64");
}

function ask(
  cluster: Cluster,
  { certificate, key }: Identity,
): Promise<{ readonly port: number; readonly body: string }> {
  const [host, port] = cluster.address.split(":");
  const tls = { ca: nodesAnchor(cluster), cert: certificate, key, agent: false as const };
  const headers = { "content-type": "application/json" };
  const options = { host, port, path: PATHS.certificates, method: "POST", headers, ...tls };
  return new Promise((resolve, reject) => {
    const asked = request(options, (answer) => {
      const local = answer.socket.localPort ?? 0;
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => resolve({ port: local, body: Buffer.concat(chunks).toString() }));
    });
    asked.on("error", reject);
    asked.end(JSON.stringify({ requests: makeBatch() }));
  });
}
