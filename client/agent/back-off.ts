import type { Setback } from "./credential.ts";
import { SHORTEST_WAIT } from "./schedule.ts";
import { formatTime } from "../terminal/duration.ts";

/** Seconds between tries where nothing presses. */
const LONGEST_WAIT = 3600;
/** Seconds until a refusal by policy is asked about again. */
const DENIED_WAIT = 900;
/** Tries that should still fit before the certificate ends. */
const TRIES_LEFT = 5;

/** When a failing credential is tried again. */
export type BackOff = {
  /** Failures in a row, this one included. */
  readonly count: number;
  /** Milliseconds since 1970, as `end`: until when there is something to lose. */
  readonly now: number;
  readonly end: number | undefined;
  /** In [0, 1). */
  readonly random: number;
  /** The policy refused: no hurry helps. */
  readonly denied: boolean;
};

/**
 * Seconds until the next try: one minute, doubling up to an hour, by chance up to a half more, and
 * less when the end is near; never under a minute.
 */
export function waitAfter({ count, now, end, random, denied }: BackOff): number {
  if (denied) return DENIED_WAIT;
  const doubled = Math.min(SHORTEST_WAIT * 2 ** Math.min(count - 1, 10), LONGEST_WAIT);
  const jittered = Math.min(doubled * (1 + random / 2), LONGEST_WAIT);
  const left = end === undefined || end <= now ? Infinity : (end - now) / 1000 / TRIES_LEFT;
  return Math.max(SHORTEST_WAIT, Math.min(jittered, left));
}

/** What happened, and whether it was a refusal by policy. */
export type Mishap = { readonly code: string; readonly message: string };

/** Codes by which the policy says no; asking faster does not help. */
export const isDenial = (code: string): boolean => code.startsWith("policy.");

/** The setback after one more mishap of the same credential. */
export function addSetback(
  before: Setback | undefined,
  { code, message }: Mishap,
  { now, end, random }: Pick<BackOff, "now" | "end" | "random">,
): Setback {
  const count = (before?.count ?? 0) + 1;
  const wait = waitAfter({ count, now, end, random, denied: isDenial(code) });
  const since = before?.code === code ? before.since : formatTime(now);
  return { code, message, since, count, next: formatTime(now + Math.ceil(wait) * 1000 + 999) };
}
