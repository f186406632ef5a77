import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import { TLSSocket } from "node:tls";

/** PEM files of a server, and of what its clients' certificates must lead to. */
export type ApiFiles = {
  readonly certificate: string;
  readonly key: string;
  readonly anchors: string;
};

/** Who asked, by the certificate, as the Kubernetes API reads it: CN is the user, each O a group. */
export type Asked = {
  readonly user: string;
  readonly groups: readonly string[];
  readonly method: string;
  readonly path: string;
  readonly body: string;
};

/** What kubectl takes for the Kubernetes API: enough for `get ns` and `create -f -` of a namespace. */
export type KubernetesApi = AsyncDisposable & {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** Everything that was asked with a certificate of the authority, in order. */
  readonly asked: readonly Asked[];
  /** From now on answers 401, whatever is shown; false: no more. */
  refuse(isRefused: boolean): void;
};

const NAMESPACES = {
  name: "namespaces",
  shortNames: ["ns"],
  singularName: "namespace",
  namespaced: false,
  kind: "Namespace",
  verbs: ["create", "get", "list"],
} as const;

const ANSWERS: Readonly<Record<string, object>> = {
  "/api": { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] },
  "/apis": { kind: "APIGroupList", apiVersion: "v1", groups: [] },
  "/api/v1": { kind: "APIResourceList", groupVersion: "v1", resources: [NAMESPACES] },
  "/api/v1/namespaces": {
    kind: "NamespaceList",
    apiVersion: "v1",
    metadata: {},
    items: [{ metadata: { name: "hello" }, status: { phase: "Active" } }],
  },
};

const statusOf = (code: number, reason: string): string =>
  JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    reason,
    message: reason,
    code,
  });

const NOBODY = [401, statusOf(401, "Unauthorized")] as const;

/** Starts it on a free port of 127.0.0.1. */
export async function startKubernetesApi(files: ApiFiles): Promise<KubernetesApi> {
  const asked: Asked[] = [];
  let isRefusing = false;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const caller = callerOf(request);
    const { method = "", url = "" } = request;
    const path = url.replace(/\?.*/, "");
    const body = await readAll(request);
    if (caller !== undefined) asked.push({ ...caller, method, path, body });
    const isLetIn = caller !== undefined && !isRefusing;
    const [status, text] = isLetIn ? answerTo(method, path, body) : NOBODY;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(text);
  };
  const server = createServer(tlsOf(files), (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new TypeError("no port");
  return {
    url: `https://127.0.0.1:${bound.port}`,
    asked,
    refuse(isRefused) {
      isRefusing = isRefused;
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A certificate is asked for and checked; who shows none, or another's, hears 401 as from the API. */
const tlsOf = ({ certificate, key, anchors }: ApiFiles): ServerOptions => ({
  cert: readFileSync(certificate),
  key: readFileSync(key),
  ca: readFileSync(anchors),
  requestCert: true,
  rejectUnauthorized: false,
});

function callerOf({ socket }: IncomingMessage): Pick<Asked, "user" | "groups"> | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { CN, O } = socket.getPeerCertificate().subject;
  return { user: [CN ?? ""].flat().join(), groups: [O ?? []].flat() };
}

function answerTo(method: string, path: string, body: string): readonly [number, string] {
  if (method === "POST" && path === "/api/v1/namespaces") return [201, body];
  const found = method === "GET" ? ANSWERS[path] : undefined;
  return found === undefined ? [404, statusOf(404, "NotFound")] : [200, JSON.stringify(found)];
}

async function readAll(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString();
}
