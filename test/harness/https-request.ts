import { request } from "node:https";
import type { Answer } from "./unix-request.ts";

/** One request over a TLS connection of its own. */
export type HttpsQuestion = {
  /** `host:port`. */
  readonly server: string;
  /** PEM of the anchor that the server's certificate must lead to. */
  readonly anchor: string;
  /** PEM, for a client that shows who it is. */
  readonly identity?: { readonly certificate: string; readonly key: string };
  readonly localAddress?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON with POST; absent: GET. */
  readonly body?: unknown;
};

/** @throws Error when nobody answers within ten seconds, or the server is not who it should be. */
export function askOverHttps(question: HttpsQuestion): Promise<Answer> {
  const { server, anchor, identity, localAddress, path, headers, body } = question;
  const [host, port] = server.split(":");
  const tls = {
    ca: anchor,
    cert: identity?.certificate,
    key: identity?.key,
    agent: false as const,
  };
  const http = {
    path,
    method: body === undefined ? "GET" : "POST",
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
  };
  const options = { host, port, timeout: 10_000, ...tls, ...http };
  const bound = localAddress === undefined ? options : { ...options, localAddress };
  return new Promise((resolve, reject) => {
    const asked = request(bound, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer from ${server} in 10 s`)));
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
