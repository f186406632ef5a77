import { constants } from "node:crypto";
import { createServer } from "node:https";

/** What the server of the handshake ceiling is made of, all PEM. */
export type BareServerOptions = {
  readonly key: string;
  readonly certificate: string;
  readonly anchor: string;
};

/** Mutual TLS of `node:https` and nothing else, with keyserver's settings; tells its parent the port. */
function serve({ key, certificate, anchor }: BareServerOptions): void {
  const tls = { key, cert: certificate, ca: [anchor], requestCert: true, rejectUnauthorized: true };
  const strict = { minVersion: "TLSv1.3" as const, secureOptions: constants.SSL_OP_NO_TICKET };
  const server = createServer({ ...tls, ...strict }, (request, response) => {
    request.resume();
    response.setHeader("content-length", 2);
    response.end("ok");
  });
  server.listen(0, "127.0.0.1", () => process.send?.(server.address()));
}

process.once("message", serve);
process.on("disconnect", () => process.exit(0));
