import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type SecureContext, type TLSSocket } from "node:tls";
import { explainConnection, LdapFault } from "./ldap-fault.ts";
import type { LdapSettings } from "./ldap-settings.ts";
import { requestStartTls } from "./start-tls.ts";

/** Where a directory is, and how TLS begins. */
export type SecureTarget = Pick<LdapSettings, "host" | "port" | "protection">;

/**
 * Connects to a directory and gives a stream that TLS protects, its certificate checked: authority, name and time.
 * There is no way around TLS; with StartTLS only its request leaves before the handshake.
 *
 * @throws LdapFault; also with `signal`'s reason, and then nothing is left open
 */
export async function openSecureSocket(
  { host, port, protection }: SecureTarget,
  secureContext: SecureContext,
  signal: AbortSignal,
): Promise<TLSSocket> {
  signal.throwIfAborted();
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  const abort = (): void => void socket.destroy(abortReason(signal));
  signal.addEventListener("abort", abort, { once: true });
  try {
    await ready(socket, "connect");
    if (protection === "start-tls") await requestStartTls(socket);
    // An address has no place in the name that TLS sends (RFC 6066 §3); `host` is what the certificate has to name.
    const names = { host, servername: isIP(host) === 0 ? host : "" };
    const options = { ...names, secureContext, rejectUnauthorized: true };
    return await ready(connectTls({ socket, ...options }), "secureConnect");
  } catch (error) {
    socket.destroy();
    throw explainConnection(signal.aborted ? signal.reason : error);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

const abortReason = ({ reason }: AbortSignal): Error =>
  reason instanceof Error ? reason : new LdapFault("does not answer");

function ready<T extends Socket>(socket: T, event: "connect" | "secureConnect"): Promise<T> {
  return new Promise((resolve, reject) => {
    const lost = (): void =>
      reject(new LdapFault("ends connections before it answers", { isBroken: true }));
    socket.once("error", reject);
    socket.once("close", lost);
    socket.once(event, () => {
      socket.off("error", reject);
      socket.off("close", lost);
      // Whoever takes the socket over listens anew; until then an error must not end the process.
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}
