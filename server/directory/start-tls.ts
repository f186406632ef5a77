import type { Socket } from "node:net";
import { ExtendedRequest } from "ldapts";
import { readAnswer } from "./ldap-answer.ts";
import { LdapFault } from "./ldap-fault.ts";
import { createMessageFramer } from "./message-framer.ts";

/** RFC 4511 §4.14.1. */
const START_TLS = "1.3.6.1.4.1.1466.20037";
const ID = 1;

/**
 * Asks for TLS on a connection on which nothing was said, and resolves when the handshake may begin.
 *
 * Exactly one answer has to come, and nothing after it: bytes that somebody put behind it in clear would otherwise
 * count as if TLS had protected them (CVE-2011-0411).
 *
 * @throws LdapFault when it is refused, or anything else comes
 */
export async function requestStartTls(socket: Socket): Promise<void> {
  const answer = nextAnswer(socket);
  socket.write(new ExtendedRequest({ messageId: ID, oid: START_TLS }).write());
  const received = readAnswer(await answer);
  if (received.kind !== "result" || received.operation !== "extended" || received.id !== ID) {
    throw new LdapFault("answers StartTLS with something else");
  }
  if (received.code !== 0) {
    const cause = new Error(`result ${received.code}: ${received.detail}`);
    throw new LdapFault("refuses StartTLS, and nothing is said without it", { cause });
  }
}

function nextAnswer(socket: Socket): Promise<Buffer> {
  const framer = createMessageFramer();
  return new Promise((resolve, reject) => {
    const lost = (): void =>
      reject(new LdapFault("ends connections before it answers", { isBroken: true }));
    const take = (bytes: Buffer): void => {
      try {
        const [message, ...others] = framer.push(bytes);
        if (message === undefined) return;
        if (others.length > 0 || framer.pending() > 0) throw injected();
        // From here on every byte belongs to the handshake.
        socket.pause();
        leave();
        resolve(message);
      } catch (error) {
        leave();
        reject(error instanceof Error ? error : injected());
      }
    };
    const leave = (): void => {
      socket.off("data", take);
      socket.off("error", reject);
      socket.off("close", lost);
    };
    socket.on("data", take);
    socket.on("error", reject);
    socket.on("close", lost);
  });
}

const injected = (): LdapFault =>
  new LdapFault("sends more than the answer to StartTLS before TLS begins");
