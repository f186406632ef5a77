import { lstatSync, unlinkSync, type Stats } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { createFrameReader, formatFrame } from "./frame.ts";
import type { SignerReply } from "./messages.ts";
import { parseOperation, type OperationRequest } from "./operation-request.ts";
import type { SignerLog } from "./operations.ts";
import { messageOf, SignerError } from "./signer-error.ts";

/** keyserver has one; a few more are for its restarts. */
const MAX_CONNECTIONS = 16;

/** What a listener is made from. */
export type ListenerParts = {
  readonly path: string;
  /** Mode of the socket, e.g. 0o660. */
  readonly mode: number;
  readonly answer: (request: OperationRequest) => SignerReply;
  readonly log: SignerLog;
};

/**
 * Listens on a Unix socket; a socket file that nobody answers on is replaced.
 *
 * @throws SignerError `socket.busy` when somebody does, or something else than a socket is there.
 */
export async function openListener({ path, mode, answer, log }: ListenerParts): Promise<Server> {
  await removeStale(path);
  const server = createServer((socket) => serve(socket, answer, log));
  server.maxConnections = MAX_CONNECTIONS;
  // The file gets its mode from the umask at bind, so it is never open to more than it shall be.
  const umask = process.umask(0o777 & ~mode);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(umask);
  }
  return server;
}

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
