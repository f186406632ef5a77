import { EXIT } from "../../protocol/exit-codes.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import { Failure, messageOf } from "../terminal/failure.ts";
import type { AgentDeps } from "./agent.ts";
import { addSetback, UNREACHABLE } from "./back-off.ts";
import type { Memory } from "./memory.ts";
import { rejoinHint } from "./reach.ts";
import type { Draft } from "./report.ts";

type Chance = Pick<AgentDeps, "now" | "random">;

/** Notes that one credential failed, under `key`, and when to try it again; no other is touched. */
export function noteFailed(
  { now, random }: Chance,
  memory: Memory,
  draft: Draft,
  {
    grant,
    key = grant,
    error,
  }: { readonly grant: string; readonly key?: string; readonly error: unknown },
): void {
  const { credentials, setbacks } = memory.state();
  const code = error instanceof KeysystemError ? error.code : "local";
  const message = messageOf(error);
  const end = Date.parse(credentials[grant]?.notAfter ?? "");
  const chance = { now: now(), random: random(), end: Number.isNaN(end) ? undefined : end };
  memory.keepSetback(key, addSetback(setbacks[key], { code, message }, chance));
  draft.failed.push({ grant, code, message });
}

/** Notes what kept the whole exchange from happening, and when to try again. */
export function noteObstacle({ now, random }: Chance, memory: Memory, error: unknown): Failure {
  const state = memory.state();
  const failure = asFailure(error, state.node);
  const ends = Object.values(state.credentials).map(({ notAfter }) => Date.parse(notAfter));
  const end = Math.min(...ends.filter((time) => time > now()));
  const code = error instanceof KeysystemError ? error.code : UNREACHABLE;
  const chance = { now: now(), random: random(), end: Number.isFinite(end) ? end : undefined };
  const mishap = { code, message: failure.message };
  memory.change({ refresh: addSetback(state.refresh, mishap, chance) });
  return failure;
}

function asFailure(error: unknown, node: string): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof KeysystemError)) throw error;
  if (!error.code.startsWith("auth.")) {
    const hint = "on the master:  keyserver status      here it is tried again by itself";
    return new Failure(EXIT.unreachable, error.message, [hint], { cause: error });
  }
  if (error.code === "auth.expired") {
    return new Failure(EXIT.unhealthy, error.message, [rejoinHint(node)], { cause: error });
  }
  const hints = [
    `on the master:  keyserver node show ${node}`,
    `for a new identity, on the master:  keyserver node admit ${node}      then here:  keyclient leave && keyclient join STRING`,
  ];
  return new Failure(EXIT.unauthenticated, error.message, hints, { cause: error });
}
