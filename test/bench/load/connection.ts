import { connect as connectTcp } from "node:net";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import type { LoadClient, LoadPlan } from "./plan.ts";

/** The outcome of one request: undefined when it got what it asked for, what went wrong otherwise. */
export type Reply = (failure: string | undefined) => void;

/** A TLS connection that carries one request at a time. */
export type Connection = {
  send(request: Uint8Array, reply: Reply): void;
  close(): void;
};

/** Everything a connection needs that many connections can share. */
export type Endpoint = {
  readonly host: string;
  readonly port: number;
  readonly localAddress: string;
  readonly context: SecureContext;
};

/** One endpoint for each client of a plan; keys and certificates are parsed here, once. */
export const createEndpoints = (plan: LoadPlan): readonly Endpoint[] =>
  plan.clients.map((client) => createEndpoint(plan, client));

function createEndpoint(plan: LoadPlan, client: LoadClient): Endpoint {
  const context = createSecureContext({
    ca: plan.anchor,
    cert: client.certificate,
    key: client.key,
    minVersion: "TLSv1.3",
  });
  return { host: plan.host, port: plan.port, localAddress: client.localAddress, context };
}

/** Opens a connection with a full handshake; a request sent before it is up waits for it. */
export function openConnection(endpoint: Endpoint): Connection {
  const { host, port, localAddress, context } = endpoint;
  const raw = connectTcp({ host, port, localAddress, noDelay: true });
  const socket = connect({
    socket: raw,
    host,
    secureContext: context,
    ALPNProtocols: ["http/1.1"],
  });
  let waiting: Reply | undefined;
  let received: Buffer = Buffer.alloc(0);
  const finish = (failure: string | undefined): void => {
    const reply = waiting;
    waiting = undefined;
    received = Buffer.alloc(0);
    reply?.(failure);
  };
  socket.on("data", (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = readAnswer(received);
    if (answer !== undefined) finish(failureIn(answer));
  });
  raw.on("error", (error) => finish(error.message));
  socket.on("error", (error) => finish(error.message));
  socket.on("close", () => finish("the connection was closed"));
  return {
    send(request, reply) {
      if (socket.destroyed) {
        reply("the connection was closed");
        return;
      }
      waiting = reply;
      socket.write(request);
    },
    close: () => socket.destroy(),
  };
}

type Answer = { readonly status: number; readonly body: Buffer };

/** Reads as much of HTTP as the server is known to send: a status line and a Content-Length. */
function readAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const head = bytes.toString("latin1", 0, end);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) return { status: 0, body: bytes };
  const whole = end + 4 + Number(length);
  if (bytes.length < whole) return undefined;
  return { status: Number(head.slice(9, 12)), body: bytes.subarray(end + 4, whole) };
}

function failureIn({ status, body }: Answer): string | undefined {
  if (status === 200 && !body.includes('"problem"')) return undefined;
  return `status ${status}: ${body.toString("utf8", 0, 300)}`;
}
