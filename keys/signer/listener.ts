import { lstatSync, unlinkSync, type Stats } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { createFrameReader, formatFrame } from "./frame.ts";
import type { SignerReply } from "./messages.ts";
import { parseOperation, type OperationRequest } from "./operation-request.ts";
import type { SignerLog } from "./operations.ts";
import { messageOf, SignerError } from "./signer-error.ts";

/** keyserver has one; a few more are for its restarts. */
const MAX_CONNECTIONS = 16;

/** A socket to make with a mode, e.g. 0o660; or the descriptor of one that listens already. */
export type Place =
  { readonly path: string; readonly mode: number } | { readonly descriptor: number };

/** What a listener is made from. */
export type ListenerParts = {
  readonly place: Place;
  readonly answer: (request: OperationRequest) => SignerReply;
  readonly log: SignerLog;
};

/**
 * Listens on a Unix socket; a socket file that nobody answers on is replaced.
 *
 * @throws SignerError `socket.busy` when somebody does, or something else than a socket is there.
 */
export async function openListener({ place, answer, log }: ListenerParts): Promise<Server> {
  const server = createServer((socket) => serve(socket, answer, log));
  server.maxConnections = MAX_CONNECTIONS;
  if ("descriptor" in place) await listen(server, { fd: place.descriptor });
  else await listenAt(server, place);
  return server;
}

async function listenAt(
  server: Server,
  { path, mode }: Extract<Place, { readonly path: string }>,
): Promise<void> {
  await removeStale(path);
  // The file gets its mode from the umask at bind, so it is never open to more than it shall be.
  const umask = process.umask(0o777 & ~mode);
  try {
    await listen(server, { path });
  } finally {
    process.umask(umask);
  }
}

const listen = (
  server: Server,
  where: { readonly path: string } | { readonly fd: number },
): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, resolve);
  });

/** Requests are answered in their order. What is no request ends the connection with a reason. */
function serve(socket: Socket, answer: ListenerParts["answer"], log: SignerLog): void {
  const read = createFrameReader();
  socket.on("error", (error) => log.info({ error: messageOf(error) }, "connection broke"));
  socket.on("drain", () => socket.resume());
  socket.on("data", (chunk) => {
    if (socket.writableEnded) return;
    try {
      for (const value of read(bytesOf(chunk))) {
        if (!socket.write(formatFrame(answer(parseOperation(value))))) socket.pause();
      }
    } catch (error) {
      log.error({ error: messageOf(error) }, "connection closed: not this protocol");
      socket.end(formatFrame({ id: 0, error: messageOf(error) }));
      socket.destroySoon();
    }
  });
}

const bytesOf = (chunk: Buffer | string): Buffer =>
  typeof chunk === "string" ? Buffer.from(chunk) : chunk;

async function removeStale(path: string): Promise<void> {
  const stats = lookAt(path);
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new SignerError("socket.busy", `${path} is there and is no socket: remove it`);
  }
  if (await answers(path)) {
    throw new SignerError("socket.busy", `another signer answers on ${path}: stop it first`);
  }
  unlinkSync(path);
}

const lookAt = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
