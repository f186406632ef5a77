import { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";
import { KeysystemError } from "../../protocol/problems.ts";
import type { Caller } from "./caller.ts";
import { rememberProof } from "./mutual.ts";
import type { NodeAuthenticator } from "./node.ts";
import { peerAddress } from "./peer-address.ts";
import { peerCertificate } from "./peer-certificate.ts";

/** Finds out who a request comes from; `asked` are the grants that it asks certificates of (see {@link NodeAuthenticator}). */
export type Authenticate = (request: FastifyRequest, asked?: readonly string[]) => Promise<Caller>;

/** The ways by which callers prove who they are over HTTPS; a way that is absent is not taken. */
export type Ways = {
  readonly node: NodeAuthenticator;
  /** From a base64 token of SPNEGO to the exact principal, and the token that proves the server. */
  readonly kerberos?: (
    token: string,
  ) => Promise<{ readonly principal: string; readonly answer: string }>;
  /** From the credentials of `Basic` (RFC 7617) and the address to the user's name. */
  readonly password?: (credentials: string, from: string) => Promise<string>;
};

/**
 * On HTTPS: people by `Authorization` (RFC 4559, RFC 7617), nodes by their client certificate. A request that has
 * both is the person's, since it is the header that belongs to this one request.
 */
export function createHttpsAuthenticator(ways: Ways): Authenticate {
  return async (request, asked) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) return authenticatePerson(ways, request, authorization);
    const { socket } = request.raw;
    if (!(socket instanceof TLSSocket)) throw new TypeError("not a TLS connection");
    return ways.node(peerCertificate(socket), sourceOf(request), asked);
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

/** The scheme's name in either case (RFC 9110 §11.1), one space or more, and one word. */
const AUTHORIZATION = /^(negotiate|basic) +([\w+/=-]+)$/i;

async function authenticatePerson(
  { kerberos, password }: Ways,
  request: FastifyRequest,
  authorization: string,
): Promise<Caller> {
  const from = sourceOf(request);
  const [, scheme, credentials] = AUTHORIZATION.exec(authorization) ?? [];
  if (scheme === undefined || credentials === undefined) {
    throw new KeysystemError("auth.required", "Authorization is neither Negotiate nor Basic");
  }
  if (scheme.toLowerCase() === "basic") {
    if (password === undefined) throw notTaken("passwords", "ldap: { passwords: true }");
    return { subject: { kind: "person", user: await password(credentials, from), in: [] }, from };
  }
  if (kerberos === undefined) throw notTaken("Kerberos tickets", "kerberos:");
  const { principal, answer } = await kerberos(credentials);
  rememberProof(request, answer);
  return { subject: { kind: "person", principal, in: [] }, from };
}

const notTaken = (what: string, key: string): KeysystemError =>
  new KeysystemError(
    "auth.required",
    `this keyserver takes no ${what}; its operator can change that: ${key} in server.yaml`,
  );
