import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { splitServer } from "../connection/transport.ts";
import { messageOf } from "../terminal/failure.ts";
import type { Served } from "./probe.ts";

const DEADLINE = 5000;

/** Takes the certificate of a TLS service; nothing is trusted and nothing is sent. */
export async function probeTls(address: string): Promise<Served> {
  const { host, port } = splitServer(address);
  const socket = connectTcp({ host, port });
  const timer = setTimeout(() => socket.destroy(new Error("no answer in 5 s")), DEADLINE);
  try {
    const refused = await connected(socket);
    if (refused !== undefined) return { state: "silent", why: refused };
    return await shakeHands(socket, host);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function connected(socket: Socket): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  socket.once("connect", () => resolve(undefined));
  socket.once("error", (error) => resolve(messageOf(error)));
  return promise;
}

function shakeHands(socket: Socket, host: string): Promise<Served> {
  const { promise, resolve } = Promise.withResolvers<Served>();
  const tls = connectTls({
    socket,
    rejectUnauthorized: false,
    ...(isIP(host) ? {} : { servername: host }),
  });
  const finish = (why: string): void => {
    const leaf = tls.getPeerX509Certificate();
    resolve(
      leaf === undefined ? { state: "broken", why } : { state: "served", certificates: [leaf.raw] },
    );
    tls.destroy();
  };
  tls.once("secureConnect", () => finish("no certificate"));
  // A service that wants a client certificate may end the handshake after it has shown its own.
  tls.once("error", (error) => finish(messageOf(error)));
  tls.once("close", () => finish("the connection was cut"));
  return promise;
}
