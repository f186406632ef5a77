import { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";
import { KeysystemError } from "../../protocol/problems.ts";
import type { Caller } from "./caller.ts";
import type { NodeAuthenticator } from "./node.ts";
import { peerAddress } from "./peer-address.ts";
import { peerCertificate } from "./peer-certificate.ts";

/** Finds out who a request comes from. */
export type Authenticate = (request: FastifyRequest) => Promise<Caller>;

/** On HTTPS: nodes by their client certificate. */
export function createHttpsAuthenticator(node: NodeAuthenticator): Authenticate {
  return (request) => {
    const { socket } = request.raw;
    if (!(socket instanceof TLSSocket)) throw new TypeError("not a TLS connection");
    return node(peerCertificate(socket), sourceOf(request));
  };
}

/** On the admin socket: only root (and who root lets into its folder) can open it. */
export const authenticateAdmin: Authenticate = () =>
  Promise.resolve({ subject: { kind: "root" } as const });

/** The peer's address. @throws KeysystemError when the connection is gone */
export function sourceOf({ raw }: FastifyRequest): string {
  const { remoteAddress } = raw.socket;
  if (remoteAddress === undefined)
    throw new KeysystemError("request.malformed", "connection closed");
  return peerAddress(remoteAddress);
}
