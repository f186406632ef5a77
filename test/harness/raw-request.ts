import { connect } from "node:tls";

/** Sends bytes over TLS as they are, and gives all that comes back, as Latin-1, until the server closes. */
export function sendRaw(server: string, anchor: string, bytes: Uint8Array): Promise<string> {
  const [host = "", port = ""] = server.split(":");
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host, port: Number(port), ca: anchor }, () => socket.write(bytes));
    const settle = (): void => resolve(Buffer.concat(chunks).toString("latin1"));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("close", settle);
    // Whoever is cut off has been answered before, or not at all.
    socket.on("error", (error) => (chunks.length > 0 ? settle() : reject(error)));
  });
}
