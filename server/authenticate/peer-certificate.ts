import type { TLSSocket } from "node:tls";
import { KeysystemError } from "../../protocol/problems.ts";

/** A TLS connection's client certificate, and what OpenSSL found at the handshake; made once for each connection. */
export type PeerCertificate = {
  /** DER. */
  readonly raw: Buffer;
  /** Whether OpenSSL found a chain of signatures to an anchor of authority `nodes`, ours by key. */
  readonly chained: boolean;
  readonly why: string;
};

const seen = new WeakMap<TLSSocket, PeerCertificate>();

/** Verification results that say nothing but that the time is wrong: judged on each request, not at the handshake. */
const TIME_ONLY = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/** @throws KeysystemError `auth.required` when the connection has no client certificate */
export function peerCertificate(socket: TLSSocket): PeerCertificate {
  const known = seen.get(socket);
  if (known !== undefined) return known;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    const detail =
      "neither a client certificate nor Authorization; a node joins first: keyclient join STRING; a person asks with keyreq";
    throw new KeysystemError("auth.required", detail);
  }
  const failure: unknown = socket.authorizationError;
  // OpenSSL's code, as CERT_HAS_EXPIRED; the types call it an Error.
  const why =
    failure instanceof Error ? failure.message : typeof failure === "string" ? failure : "";
  const chained = socket.authorized || TIME_ONLY.has(why);
  const peer: PeerCertificate = { raw: certificate.raw, chained, why };
  seen.set(socket, peer);
  return peer;
}
