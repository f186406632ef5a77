import { constants } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { RequestListener } from "node:http";
import { CHECK_INTERVAL, HEADER_LIMIT, TIMEOUTS } from "../routes/limits.ts";
import type { OwnCertificate } from "./own-certificate.ts";

/** What the HTTPS door shows and asks for. */
export type Credentials = {
  readonly own: OwnCertificate;
  /** PEM of authority `nodes`: signs our certificate, and those of the nodes that call. */
  readonly anchor: string;
};

/** What a TLS context is made of; also after the certificate was renewed. */
export const tlsContext = ({ own, anchor }: Credentials) => ({
  key: own.key,
  // The anchor is sent along so that a joining node, which knows only its pin, can find it.
  cert: own.certificate + anchor,
  ca: [anchor],
  minVersion: "TLSv1.3" as const,
  // Without the post-quantum hybrid that OpenSSL prefers (docs/decisions/0005): nothing said here is secret for long.
  ecdhCurve: "X25519:P-256",
  // A resumed session would carry an identity that was judged at another time.
  secureOptions: constants.SSL_OP_NO_TICKET,
});

/**
 * HTTPS with TLS 1.3 only. A client certificate is asked for and never required: which route needs one, and
 * whether this one is good now, is decided for each request.
 */
export function createHttpsServer(credentials: Credentials, handler: RequestListener): Server {
  const server = createServer(
    {
      ...tlsContext(credentials),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: TIMEOUTS.handshake,
      connectionsCheckingInterval: CHECK_INTERVAL,
      ALPNProtocols: ["http/1.1"],
      maxHeaderSize: HEADER_LIMIT,
    },
    handler,
  );
  return server;
}
