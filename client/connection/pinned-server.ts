import { hash, type X509Certificate } from "node:crypto";
import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import { EXIT } from "../../protocol/exit-codes.ts";
import { PATHS } from "../../protocol/paths.ts";
import { Failure } from "../terminal/failure.ts";
import { connectionFailure, unreachable } from "./connection-failure.ts";
import { clockAhead, splitServer, tlsOptions } from "./transport.ts";

/** A server that holds the pinned authority's word, and how far its clock is from ours. */
export type PinnedServer = {
  readonly server: string;
  /** The pinned certificate of authority `nodes`, PEM: what later connections are checked against. */
  readonly anchor: string;
  /** Milliseconds; undefined when the server did not say. */
  readonly ahead: number | undefined;
};

export type PinnedServerOptions = {
  readonly servers: readonly string[];
  /** SHA-256 of the authority's SubjectPublicKeyInfo. */
  readonly pin: Uint8Array;
  readonly sourceAddress?: string;
  /** Where the pin is from, for messages; `the join string` when absent. */
  readonly pinFrom?: string;
  readonly now: () => number;
};

const DEADLINE = 10_000;

/**
 * Finds the first server whose chain ends in the pinned key, and asks it for the time. Everything
 * is checked but the times in the certificates, since the clock may be wrong here: nothing but
 * the anchor and the time are taken from this connection, and nothing secret is sent.
 *
 * @throws Failure when none answers, or one answers that is not the pinned authority's.
 */
export async function findPinnedServer(options: PinnedServerOptions): Promise<PinnedServer> {
  const failures: string[] = [];
  for (const server of options.servers) {
    try {
      return await meetServer(server, options);
    } catch (error) {
      if (error instanceof Failure) throw error;
      failures.push(connectionFailure(server, error).failure.message);
    }
  }
  throw unreachable(failures);
}

async function meetServer(server: string, options: PinnedServerOptions): Promise<PinnedServer> {
  const { sourceAddress, now } = options;
  const socket = connect({
    ...tlsOptions(server),
    ...(sourceAddress === undefined ? {} : { localAddress: sourceAddress }),
    // checkChain does this, against the pin and without the clock
    rejectUnauthorized: false,
  });
  const timer = setTimeout(() => socket.destroy(new Error("no answer in 10 s")), DEADLINE);
  try {
    await opened(socket);
    const anchor = checkChain(server, socket, options);
    const sent = now();
    const date = await askDate(socket, server);
    return { server, anchor, ahead: clockAhead(date, sent, now()) };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function opened(socket: TLSSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("secureConnect", resolve);
  socket.once("error", reject);
  return promise;
}

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

function checkChain(
  server: string,
  socket: TLSSocket,
  { pin, pinFrom = "the join string" }: PinnedServerOptions,
): string {
  const leaf = socket.getPeerX509Certificate();
  const anchor = leaf === undefined ? undefined : findPinned(leaf, pin);
  if (leaf === undefined || anchor === undefined) {
    throw refuse(server, `does not match the pin in ${pinFrom}`);
  }
  if (!anchor.ca || !leaf.checkIssued(anchor) || !leaf.verify(anchor.publicKey)) {
    throw refuse(server, "shows the pinned certificate, which did not sign its own");
  }
  // A node's identity certificate is of the same authority and must not pass for the server's.
  if (!leaf.keyUsage.includes(SERVER_AUTH)) {
    throw refuse(server, "shows a certificate that is not for servers");
  }
  const mismatch = checkServerIdentity(splitServer(server).host, leaf.toLegacyObject());
  if (mismatch !== undefined) throw refuse(server, `is another machine: ${mismatch.message}`);
  return anchor.toString();
}

function findPinned(leaf: X509Certificate, pin: Uint8Array): X509Certificate | undefined {
  const issuer = leaf.issuerCertificate;
  if (issuer === undefined) return undefined;
  const spki = issuer.publicKey.export({ type: "spki", format: "der" });
  return hash("sha256", spki, "buffer").equals(pin) ? issuer : undefined;
}

const refuse = (server: string, why: string): Failure =>
  new Failure(EXIT.unauthenticated, `${server} ${why}; nothing was sent`, [
    "compare on the master:  keyserver authority pin      or make a new string there:  keyserver node admit NODE",
  ]);

async function askDate(socket: TLSSocket, server: string): Promise<string | undefined> {
  socket.write(`GET ${PATHS.healthz} HTTP/1.1\r\nHost: ${server}\r\nConnection: close\r\n\r\n`);
  let head = "";
  for await (const part of socket) {
    head += String(part);
    if (head.includes("\r\n\r\n") || head.length > 16_384) break;
  }
  return /^date: *([^\r]*)/im.exec(head)?.[1];
}
