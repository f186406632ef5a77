import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { Value } from "typebox/value";
import { formatRequest } from "../../keys/formats/certificate-request.ts";
import { formatSecret, parseJoinString } from "../../protocol/join-string.ts";
import { CertificateResults, JoinResult } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import type { Cluster } from "./cluster.ts";

/** A key in PEM, and a PKCS#10 request for it. */
export type KeyAndRequest = { readonly key: string; readonly csr: string };

/** A client certificate with its key, PEM. */
export type Identity = { readonly certificate: string; readonly key: string };

export type Asking = {
  readonly identity?: Identity;
  /** Source address; 127.0.0.1 when absent. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when it is a text, else as JSON. */
  readonly body?: unknown;
  readonly method?: string;
  /** Keeps one connection over several questions. */
  readonly agent?: Agent;
};

export type HttpsAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The code of the problem that was answered, without its prefix; empty when it was none. */
  readonly code: string;
};

/** Makes a P-256 key and a request for it. */
export function makeRequest(): KeyAndRequest {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ format: "der", type: "spki" });
  return {
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    csr: formatRequest(spki, (signed) => sign("sha256", signed, privateKey)),
  };
}

/** PEM of authority `nodes`: what the server is checked by. */
export const nodesAnchor = ({ root }: Cluster): string =>
  readFileSync(join(root, "var/lib/keysigner/authorities/nodes.crt"), "utf8");

/** Asks keyserver over HTTPS as a program that is not ours would. */
export function askHttps(
  cluster: Cluster,
  path: string,
  asking: Asking = {},
): Promise<HttpsAnswer> {
  const { identity, from = "127.0.0.1", headers = {}, body, agent = false } = asking;
  const method = asking.method ?? (body === undefined ? "GET" : "POST");
  const [host = "", port = ""] = cluster.address.split(":");
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const json = text === undefined ? {} : { "content-type": "application/json" };
  const options = {
    host,
    port: Number(port),
    path,
    method,
    agent,
    ca: nodesAnchor(cluster),
    localAddress: from,
    headers: { ...json, ...headers },
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const received = Buffer.concat(chunks).toString();
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: received,
          code: codeIn(received),
        });
      });
    });
    asked.on("error", reject);
    asked.end(text);
  });
}

/** The code in a problem, wherever it stands in an answer. */
const codeIn = (body: string): string => /"urn:keysystem:error:([a-z_.]+)"/.exec(body)?.[1] ?? "";

/** Redeems a join string with a request of one's own. */
export const redeemJoin = (
  cluster: Cluster,
  joinString: string,
  { csr, from }: { readonly csr: string; readonly from?: string },
): Promise<HttpsAnswer> =>
  askHttps(cluster, PATHS.join, {
    headers: { authorization: `Join ${formatSecret(parseJoinString(joinString).secret)}` },
    body: { csr },
    ...(from === undefined ? {} : { from }),
  });

/** Admits and joins a node without keyclient; gives its identity. */
export async function joinByHand(cluster: Cluster, node: string, from?: string): Promise<Identity> {
  const { key, csr } = makeRequest();
  const place = from === undefined ? {} : { from };
  const answer = await redeemJoin(cluster, await cluster.admit(node), { csr, ...place });
  if (answer.status !== 200) throw new Error(`join of ${node}: ${answer.status} ${answer.body}`);
  const { identity } = Value.Parse(JoinResult, JSON.parse(answer.body));
  return { certificate: identity.certificate, key };
}

/** Asks for certificates; one outcome for each request. @throws Error when the whole was refused */
export async function askCertificates(
  cluster: Cluster,
  requests: readonly object[],
  asking: Asking,
): Promise<CertificateResults["results"]> {
  const answer = await askHttps(cluster, PATHS.certificates, { ...asking, body: { requests } });
  if (answer.status !== 200) throw new Error(`certificates: ${answer.status} ${answer.body}`);
  return Value.Parse(CertificateResults, JSON.parse(answer.body)).results;
}

/** An agent that keeps its connection. */
export const keptConnection = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });
