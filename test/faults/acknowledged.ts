import { X509Certificate } from "node:crypto";
import type { ClientRequest } from "node:http";
import { type Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { Value } from "typebox/value";
import { CertificateResults } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import type { Cluster } from "../harness/cluster.ts";
import { askHttps, type Identity, keptConnection, nodesAnchor } from "../harness/test-node.ts";
import { makeBatch } from "./requests.ts";

/** A batch that was answered: from which port it was asked, and what came. */
export type Acknowledged = {
  readonly port: number;
  readonly certificates: readonly { readonly serial: string; readonly bytes: Buffer }[];
};

/** Asks for a batch over a connection of its own. @throws Error when a certificate of it was refused */
export const askFromPort = (cluster: Cluster, identity: Identity): Promise<Acknowledged> =>
  askOn(cluster, identity, false).answered;

/**
 * Asks for `count` batches so that they reach keyserver in one moment: over connections that are open
 * already, while the process `pid` is stopped.
 */
export async function askTogether(
  cluster: Cluster,
  identity: Identity,
  { count, pid }: { readonly count: number; readonly pid: number },
): Promise<readonly Acknowledged[]> {
  const agents = Array.from({ length: count }, keptConnection);
  try {
    await Promise.all(agents.map((agent) => askHttps(cluster, PATHS.healthz, { identity, agent })));
    process.kill(pid, "SIGSTOP");
    const asked = agents.map((agent) => askOn(cluster, identity, agent));
    await Promise.all(asked.map(({ sent }) => sent));
    process.kill(pid, "SIGCONT");
    return await Promise.all(asked.map(({ answered }) => answered));
  } finally {
    process.kill(pid, "SIGCONT");
    for (const agent of agents) agent.destroy();
  }
}

/** A question: when it has left, and what came back. */
type Asked = { readonly sent: Promise<void>; readonly answered: Promise<Acknowledged> };

function askOn(cluster: Cluster, { certificate, key }: Identity, agent: Agent | false): Asked {
  const [host, port] = cluster.address.split(":");
  const tls = {
    ca: nodesAnchor(cluster),
    cert: certificate,
    key,
    agent,
    localAddress: "127.0.0.1",
  };
  const headers = { "content-type": "application/json" };
  const options = { host, port: Number(port), path: PATHS.certificates, method: "POST" };
  const asked = request({ ...options, headers, ...tls });
  const sent = new Promise<void>((resolve) => asked.once("finish", () => resolve()));
  const answered = readAnswer(asked);
  asked.end(JSON.stringify({ requests: makeBatch() }));
  return { sent, answered };
}

const readAnswer = (asked: ClientRequest): Promise<Acknowledged> =>
  new Promise((resolve, reject) => {
    asked.on("error", reject);
    asked.on("response", (answer) => {
      const port = answer.socket.localPort ?? 0;
      text(answer)
        .then((body) => resolve({ port, certificates: certificatesIn(body) }))
        .catch(reject);
    });
  });

function certificatesIn(body: string): Acknowledged["certificates"] {
  const { results } = Value.Parse(CertificateResults, JSON.parse(body));
  return results.map((result) => {
    if ("problem" in result) throw new Error(`refused: ${JSON.stringify(result)}`);
    return { serial: result.serial, bytes: bytesOf(result.certificate) };
  });
}

/** DER, or the blob of an OpenSSH line. */
function bytesOf(certificate: string): Buffer {
  if (certificate.startsWith("-----")) return new X509Certificate(certificate).raw;
  return Buffer.from(certificate.split(" ")[1] ?? "", "base64");
}
