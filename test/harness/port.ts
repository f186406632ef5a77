import { createServer } from "node:net";

/** A TCP port on `address` that nobody used a moment ago. */
export function freePort(address = "127.0.0.1"): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, address, () => {
      const bound = server.address();
      server.close(() => {
        if (bound === null || typeof bound === "string") reject(new Error("no port"));
        else resolve(bound.port);
      });
    });
  });
}
