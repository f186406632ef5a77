import { request } from "node:http";
import { connect } from "node:net";

/** What a server on a Unix socket answered. */
export type Answer = { readonly status: number; readonly body: string };

/**
 * Asks a server on a Unix socket, with `body` as JSON where there is one.
 *
 * @throws Error when nobody answers within five seconds.
 */
export function askOverSocket(
  socketPath: string,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<Answer> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers, timeout: 5000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer from ${socketPath} in 5 s`)));
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Whether somebody listens on a Unix socket. */
export function isListening(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath);
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
