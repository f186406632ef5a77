import { Agent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import type { IncomingMessage } from "node:http";
import { DEFAULT_PORT } from "../../protocol/paths.ts";
import { connectionFailure, unreachable } from "./connection-failure.ts";

/** One request to the keyserver. */
export type Call = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly authorization?: string;
  /** Milliseconds in which each server has to answer; 20 s when absent. */
  readonly deadline?: number;
};

/** What came back; `body` is parsed JSON and not checked. */
export type Answer = {
  readonly status: number;
  readonly body: unknown;
  /** Milliseconds by which the server's clock is ahead of ours, within half a second and the way there. */
  readonly ahead: number | undefined;
  /** `host:port` that answered. */
  readonly server: string;
  /** `WWW-Authenticate`, where the server sent one. */
  readonly challenge?: string;
};

/** The way to the keyserver. The far edge of the network: tests put their own here. */
export type Transport = {
  readonly call: (call: Call) => Promise<Answer>;
  readonly close: () => void;
};

export type TransportOptions = {
  /** `host:port`; the first that answers is kept. */
  readonly servers: readonly string[];
  /** Anchors of authority `nodes`, PEM. */
  readonly anchors: readonly string[];
  /** PEM; absent before the node has joined. */
  readonly identity?: { readonly key: string; readonly certificate: string };
  /** Local address to connect from. */
  readonly sourceAddress?: string;
  readonly now: () => number;
};

const DEADLINE = 20_000;
const MAX_ANSWER = 4 * 1024 * 1024;

/** `host:port` in its parts; an IPv6 address stands in brackets. */
export function splitServer(server: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(server) ?? [];
  const host = bracketed ?? plain ?? server;
  return { host, port: port === undefined ? DEFAULT_PORT : Number(port) };
}

/** What every connection to a keyserver has in common. */
export const tlsOptions = (server: string) => {
  const { host, port } = splitServer(server);
  return {
    host,
    port,
    minVersion: "TLSv1.3" as const,
    ...(isIP(host) ? {} : { servername: host }),
  };
};

/** A transport over HTTPS: one connection, TLS 1.3, the server checked against the anchors. */
export function createTransport(options: TransportOptions): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
  let servers = options.servers;
  return {
    async call(call) {
      const failures: string[] = [];
      for (const server of servers) {
        try {
          const answer = await callServer(agent, server, call, options);
          servers = [server, ...servers.filter((other) => other !== server)];
          return answer;
        } catch (error) {
          const failure = connectionFailure(server, error);
          if (failure.final) throw failure.failure;
          failures.push(failure.failure.message);
        }
      }
      throw unreachable(failures);
    },
    close: () => agent.destroy(),
  };
}

async function callServer(
  agent: Agent,
  server: string,
  call: Call,
  { anchors, identity, sourceAddress, now }: TransportOptions,
): Promise<Answer> {
  const sent = now();
  const text = call.body === undefined ? undefined : JSON.stringify(call.body);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = httpsRequest(
    {
      ...tlsOptions(server),
      ...(identity === undefined ? {} : { key: identity.key, cert: identity.certificate }),
      ...(sourceAddress === undefined ? {} : { localAddress: sourceAddress }),
      agent,
      ca: [...anchors],
      method: call.method,
      path: call.path,
      headers: headersOf(call, text),
      signal: AbortSignal.timeout(call.deadline ?? DEADLINE),
    },
    resolve,
  );
  request.on("error", reject);
  request.end(text);
  const response = await promise;
  const body = await readJson(response);
  const ahead = clockAhead(response.headers.date, sent, now());
  const challenge = response.headers["www-authenticate"];
  return {
    status: response.statusCode ?? 0,
    body,
    ahead,
    server,
    ...(challenge === undefined ? {} : { challenge }),
  };
}

function headersOf(call: Call, text: string | undefined): Record<string, string> {
  return {
    accept: "application/json",
    ...(text === undefined
      ? {}
      : { "content-type": "application/json", "content-length": `${Buffer.byteLength(text)}` }),
    ...(call.authorization === undefined ? {} : { authorization: call.authorization }),
  };
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    if (!Buffer.isBuffer(part)) continue;
    size += part.length;
    if (size > MAX_ANSWER) throw new TypeError(`the answer is longer than ${MAX_ANSWER} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch {
    return undefined;
  }
}

/**
 * By how much the server's clock is ahead, in ms. `Date` has whole seconds, rounded down, so its
 * middle is compared with the middle of the exchange.
 */
export function clockAhead(
  date: string | undefined,
  sent: number,
  got: number,
): number | undefined {
  const at = Date.parse(date ?? "");
  return Number.isNaN(at) ? undefined : at + 500 - (sent + got) / 2;
}
