import { EXIT } from "../../protocol/exit-codes.ts";
import { isAboutTime } from "../connection/connection-failure.ts";
import { createKeyserver, type Keyserver } from "../connection/keyserver.ts";
import { findPinnedServer } from "../connection/pinned-server.ts";
import type { Answer, Transport } from "../connection/transport.ts";
import { formatDuration, formatTime } from "../terminal/duration.ts";
import { Failure } from "../terminal/failure.ts";
import type { Trust } from "../../protocol/messages.ts";
import type { AgentDeps } from "./agent.ts";
import { anchorsOf } from "./anchors.ts";
import { pinOf, type ClientConfig } from "./config.ts";
import { readIdentity } from "./identity.ts";
import type { Memory } from "./memory.ts";

/** Seconds that two clocks may differ. */
const ALLOWED = 60;

/** @throws Failure when clocks differ by more than a minute. `ahead` in ms, of the server's clock. */
export function checkClock(ahead: number | undefined, server: string): void {
  if (ahead === undefined || Math.abs(ahead) <= ALLOWED * 1000) return;
  const host = server.split(":")[0] ?? server;
  const side = ahead > 0 ? "behind" : "ahead of";
  const consequence = ahead > 0 ? "not yet valid" : "expired too early";
  throw new Failure(
    EXIT.clock,
    `clock  this machine is ${formatDuration(ahead / 1000)} ${side} ${host} (allowed ${ALLOWED} s); ` +
      `a new certificate would look "${consequence}" here. Nothing was changed`,
    ["look:  chronyc tracking      set:  chronyc makestep      then:  keyclient once"],
  );
}

/** The keyserver with the identity that is on disk now, and the connection to end when done. */
export type Reached = { readonly keyserver: Keyserver; readonly transport: Transport };

/**
 * Makes ready to speak to the keyserver as this node. Nothing is connected yet.
 *
 * @throws Failure when there is no identity: nothing proves then who this is.
 */
export function reach(
  deps: Pick<AgentDeps, "connect" | "disk" | "now">,
  memory: Memory,
  config: ClientConfig,
  trust: Trust,
): Reached {
  const identity = readIdentity(deps);
  if (identity === undefined) throw lostIdentity(memory);
  const sourceAddress = config["source-address"];
  const transport = deps.connect({
    servers: config.servers,
    anchors: anchorsOf(trust, "nodes"),
    identity,
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
    now: deps.now,
  });
  const observe = (answer: Answer): void => noteContact(deps, memory, answer);
  return { keyserver: createKeyserver(transport, observe), transport };
}

function noteContact({ now }: Pick<AgentDeps, "now">, memory: Memory, answer: Answer): void {
  const { ahead, server } = answer;
  memory.change({
    contact: { at: formatTime(now()), server, ...(ahead === undefined ? {} : { ahead }) },
  });
  checkClock(ahead, server);
}

function lostIdentity(memory: Memory): Failure {
  const { identity, node } = memory.state();
  return new Failure(EXIT.unhealthy, `${identity} is missing; renewal cannot prove who this is`, [
    rejoinHint(node),
  ]);
}

/** How a machine gets a new identity and keeps everything else. */
export const rejoinHint = (node: string): string =>
  `on the master:  keyserver node admit ${node}      then here:  keyclient join STRING     (keys, names and services stay)`;

/** Where the server's certificate seems out of its time, asks the pinned server for the time to tell whose clock is wrong. */
export async function explainTime(
  { now }: Pick<AgentDeps, "now">,
  config: ClientConfig,
  error: unknown,
): Promise<unknown> {
  if (!isAboutTime(error)) return error;
  const sourceAddress = config["source-address"];
  try {
    const { ahead, server } = await findPinnedServer({
      servers: config.servers,
      pin: pinOf(config),
      ...(sourceAddress === undefined ? {} : { sourceAddress }),
      now,
    });
    checkClock(ahead, server);
    return error;
  } catch (clock) {
    return clock;
  }
}
