import { X509Certificate } from "node:crypto";
import { EXIT } from "../../../protocol/exit-codes.ts";
import type { Trust } from "../../../protocol/messages.ts";
import { DEFAULT_PORT } from "../../../protocol/paths.ts";
import { createKeyserver } from "../../connection/keyserver.ts";
import { findPinnedServer, type PinnedServer } from "../../connection/pinned-server.ts";
import { Failure, messageOf } from "../../terminal/failure.ts";
import { checkClock } from "../session/clock-difference.ts";
import { isClusterName } from "../session/cluster.ts";
import type { RequestDeps } from "../deps.ts";
import { explained, forPeople } from "../session/explain.ts";
import { anchorsOf } from "../session/session.ts";
import { formatKnownHosts } from "../session/trust-files.ts";

/** A keyserver, and what it is known by. */
export type Address = {
  /** `host:port`. */
  readonly server: string;
  /** `sha256:` and 64 hex digits. */
  readonly pin: string;
};

const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?)$/;
const DOMAIN = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Reads `HOST`, `HOST:PORT` or `https://HOST:PORT`, and a pin with or without spaces. @throws Failure (exit 2) */
export function parseAddress(url: string, pin: string): Address {
  const [, host = "", port = `${DEFAULT_PORT}`] =
    /^(?:https:\/\/)?(\[[^\]/]*\]|[^:/[\]]+)(?::(\d{1,5}))?\/?$/.exec(url) ?? [];
  if (!HOST.test(host) || Number(port) < 1 || Number(port) > 65_535) {
    throw new Failure(EXIT.usage, `${JSON.stringify(url)} is no address of a keyserver`, [
      "keyreq setup m1.hyades.example.edu --pin PIN      or HOST:PORT, or https://HOST:PORT",
    ]);
  }
  const digits = /^sha256:([0-9a-f]{64})$/.exec(pin.replaceAll(/\s/g, "").toLowerCase())?.[1];
  if (digits !== undefined) return { server: `${host}:${port}`, pin: `sha256:${digits}` };
  throw new Failure(EXIT.usage, "a pin is sha256: and 64 hexadecimal digits", [
    "on the master:  keyserver authority pin",
  ]);
}

/**
 * Meets a keyserver that is known by its pin alone, and fetches what it says to everybody, over TLS
 * that is checked by the pinned authority. Nothing about the person is sent.
 *
 * @throws Failure when nobody answers (exit 4), another one does (6), the clocks differ (7), or
 *   what it says cannot be used here.
 */
export async function meetServer(
  { now, connect }: Pick<RequestDeps, "now" | "connect">,
  { server, pin }: Address,
): Promise<Trust> {
  const { anchor, ahead } = await findPinned(server, pin, now);
  checkClock({ ahead, server });
  const transport = forPeople(connect({ servers: [server], anchors: [anchor], now }));
  try {
    const trust = await explained(() => createKeyserver(transport, () => undefined).trust());
    checkTrust(trust, anchor);
    return trust;
  } finally {
    transport.close();
  }
}

async function findPinned(server: string, pin: string, now: () => number): Promise<PinnedServer> {
  const bytes = Buffer.from(pin.slice("sha256:".length), "hex");
  try {
    return await findPinnedServer({
      servers: [server],
      pin: bytes,
      pinFrom: "the command line",
      now,
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.exit !== EXIT.unauthenticated) {
      throw new Failure(
        error.exit,
        error.message,
        ["is it up?  on the master:  keyserver status"],
        {
          cause: error,
        },
      );
    }
    throw new Failure(
      error.exit,
      error.message,
      ["compare on the master:  keyserver authority pin"],
      {
        cause: error,
      },
    );
  }
}

/** Names become folders and patterns in ssh's configuration; keys become lines in known_hosts. */
function checkTrust(trust: Trust, anchor: string): void {
  const refuse = (what: string, cause?: unknown): Failure =>
    new Failure(
      EXIT.unexpected,
      `the server cannot be used: ${what}`,
      ["on the master:  keyserver status"],
      { cause },
    );
  const { cluster, domain } = trust;
  if (!isClusterName(cluster)) throw refuse(`its cluster is called ${JSON.stringify(cluster)}`);
  if (!DOMAIN.test(domain)) throw refuse(`its domain is called ${JSON.stringify(domain)}`);
  try {
    const pinned = new X509Certificate(anchor).raw;
    if (!anchorsOf(trust, "nodes").some((each) => new X509Certificate(each).raw.equals(pinned))) {
      throw new Error("it does not name the pinned authority");
    }
    formatKnownHosts(trust);
  } catch (error) {
    throw refuse(messageOf(error), error);
  }
}
