import type { Setback } from "./credential.ts";
import { SHORTEST_WAIT } from "./schedule.ts";
import { formatTime } from "../terminal/duration.ts";

/** Seconds between tries where nothing presses: that of keyclient.timer. */
const LONGEST_WAIT = 300;
/** Seconds until a refusal by policy is asked about again. */
const DENIED_WAIT = 900;
/** Tries that should still fit before the certificate ends. */
const TRIES_LEFT = 5;

/** The code of a mishap where no server answered, or this machine did not get as far as asking one. */
export const UNREACHABLE = "unreachable";

/** When a failing credential is tried again. */
export type BackOff = {
  /** Failures in a row, this one included. */
  readonly count: number;
  /** Milliseconds since 1970, as `end`: until when there is something to lose. */
  readonly now: number;
  readonly end: number | undefined;
  /** In [0, 1). */
  readonly random: number;
  /** What the failure was (see {@link Mishap}). */
  readonly code: string;
};

/**
 * Seconds until the next try, never under a minute.
 *
 * Where nobody answered, one minute: such a try costs a server nothing, and a node is back within a minute of its
 * server. After a refusal by policy a quarter of an hour, since no hurry helps. After anything else one minute,
 * doubling up to five, by chance up to a half more, and less when the end is near.
 */
export function waitAfter({ count, now, end, random, code }: BackOff): number {
  if (isDenial(code)) return DENIED_WAIT;
  if (code === UNREACHABLE) return SHORTEST_WAIT;
  const doubled = Math.min(SHORTEST_WAIT * 2 ** Math.min(count - 1, 10), LONGEST_WAIT);
  const jittered = Math.min(doubled * (1 + random / 2), LONGEST_WAIT);
  const left = end === undefined || end <= now ? Infinity : (end - now) / 1000 / TRIES_LEFT;
  return Math.max(SHORTEST_WAIT, Math.min(jittered, left));
}

/**
 * When to try again, in milliseconds since 1970. A setback that says to wait longer than any failure is answered
 * with was written under a clock that was ahead: its time has come.
 */
export function triedAgainAt({ next }: Pick<Setback, "next">, now: number): number {
  const at = Date.parse(next);
  return at - now > (DENIED_WAIT + SHORTEST_WAIT) * 1000 ? now : at;
}

/** What happened: a code of protocol/problems.ts, `local`, or {@link UNREACHABLE}; and in words. */
export type Mishap = { readonly code: string; readonly message: string };

/** Codes by which the policy says no; asking faster does not help. */
export const isDenial = (code: string): boolean => code.startsWith("policy.");

/** The setback after one more mishap of the same credential. */
export function addSetback(
  before: Setback | undefined,
  { code, message }: Mishap,
  { now, end, random }: Pick<BackOff, "now" | "end" | "random">,
): Setback {
  const isSame = before?.code === code;
  // Another reason begins anew: a server that answers again, if only to say no, was not reached by waiting.
  const count = (isSame ? before.count : 0) + 1;
  const wait = waitAfter({ count, now, end, random, code });
  const since = isSame ? before.since : formatTime(now);
  return { code, message, since, count, next: formatTime(now + Math.ceil(wait) * 1000 + 999) };
}
