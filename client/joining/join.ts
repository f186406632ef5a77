import type { KeyObject } from "node:crypto";
import { EXIT } from "../../protocol/exit-codes.ts";
import type { JoinString } from "../../protocol/join-string.ts";
import type { JoinResult } from "../../protocol/messages.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { AgentDeps } from "../agent/agent.ts";
import { readConfig } from "../agent/config.ts";
import { readIdentity } from "../agent/identity.ts";
import { checkClock } from "../agent/reach.ts";
import { createKeyserver } from "../connection/keyserver.ts";
import { findPinnedServer, type PinnedServer } from "../connection/pinned-server.ts";
import { requestFor } from "../credential/make-key.ts";
import type { MadeKey } from "../recipe/recipe.ts";
import { Failure } from "../terminal/failure.ts";
import { settleMembership } from "./membership.ts";
import { keyForJoin, unfinishedKind } from "./unfinished-join.ts";

export type JoinOptions = {
  readonly join: JoinString;
  readonly sourceAddress: string | undefined;
};

/**
 * Refuses to join where that would throw away an identity that works. One that has expired, or a
 * join that was not finished, is no obstacle.
 *
 * @throws Failure with the way out.
 */
export function checkNotJoined(deps: AgentDeps, join: JoinString): void {
  const config = readConfig(deps.paths);
  if (config === undefined) return;
  const identity = readIdentity(deps);
  const same = config.node === join.node && config.cluster === join.cluster;
  const isAlive = identity !== undefined && identity.notAfter > deps.now();
  if (same && !isAlive) return;
  const what = `${config.node} in ${config.cluster}`;
  throw new Failure(
    EXIT.usage,
    `this machine has joined already, as ${what}; nothing was changed`,
    [
      "see:  keyclient status",
      "give that identity up (services keep their files):  keyclient leave      then join again",
    ],
  );
}

/** Meets the server of the string: pin, name and clock. Sends nothing secret. @throws Failure */
export async function meetServer(
  { now }: Pick<AgentDeps, "now">,
  { join, sourceAddress }: JoinOptions,
): Promise<PinnedServer> {
  const source = sourceAddress === undefined ? {} : { sourceAddress };
  const met = await findPinnedServer({ servers: join.servers, pin: join.pin, ...source, now });
  checkClock(met.ahead, met.server);
  return met;
}

/**
 * Redeems the secret for the node's first identity certificate and puts down everything that makes
 * this machine a joined one; client.yaml comes last, so that a stop before it is repaired by the
 * same command.
 *
 * @throws Failure
 */
export async function redeem(
  deps: AgentDeps,
  options: JoinOptions,
  met: PinnedServer,
): Promise<JoinResult> {
  const { join } = options;
  const { result, key } = await askFor(deps, options, met);
  if (result.node !== join.node || result.cluster !== join.cluster) {
    throw new Failure(
      EXIT.unexpected,
      `the server answered for ${result.node} in ${result.cluster}`,
      [`make a new string on the master:  keyserver node admit ${join.node}`],
    );
  }
  const { sourceAddress } = options;
  settleMembership(deps, { join, sourceAddress, anchor: met.anchor, key, result });
  return result;
}

async function askFor(
  deps: AgentDeps,
  { join, sourceAddress }: JoinOptions,
  { anchor, server }: PinnedServer,
): Promise<{ readonly result: JoinResult; readonly key: KeyObject }> {
  const { disk, gid, now } = deps;
  const transport = deps.connect({
    servers: [server, ...join.servers.filter((other) => other !== server)],
    anchors: [anchor],
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
    now,
  });
  const keyserver = createKeyserver(transport, ({ ahead }) => checkClock(ahead, server));
  const ask = async (kind: MadeKey) => {
    const key = keyForJoin(disk, gid, kind);
    return { key, result: await keyserver.join(join.secret, requestFor(key)) };
  };
  try {
    return await ask(unfinishedKind(disk) ?? "ed25519").catch((error: unknown) => {
      if (!isAboutKind(error)) throw error;
      return ask("ecdsa-p256");
    });
  } catch (error) {
    throw explainJoin(error, join);
  } finally {
    transport.close();
  }
}

const isAboutKind = (error: unknown): boolean =>
  error instanceof KeysystemError &&
  (error.code === "policy.key_kind" || error.code === "key.weak");

function explainJoin(error: unknown, { node }: JoinString): unknown {
  if (!(error instanceof KeysystemError)) return error;
  const hint = `make a new string on the master:  keyserver node admit ${node}`;
  if (error.code.startsWith("join.")) {
    return new Failure(
      EXIT.unauthenticated,
      `the server does not take the join string: ${error.message}`,
      [hint],
    );
  }
  if (error.code === "auth.address" || error.code.startsWith("policy.")) {
    return new Failure(EXIT.denied, error.message, [
      `on the master:  keyserver node show ${node}      and its address in the policy`,
    ]);
  }
  return new Failure(EXIT.unreachable, error.message, [
    "the string is still good; try again:  keyclient join STRING",
  ]);
}
