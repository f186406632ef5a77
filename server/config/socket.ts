import { createConnection } from "node:net";

/** Whether somebody takes connections on a Unix socket. */
export const isAnswering = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
