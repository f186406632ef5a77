import { EXIT } from "../../../protocol/exit-codes.ts";
import { formatDuration } from "../../terminal/duration.ts";
import { Failure } from "../../terminal/failure.ts";

/** Milliseconds that two clocks may differ. */
const ALLOWED = 60_000;

/** A server and its clock: `ahead` in milliseconds, undefined when it did not say. */
export type ServerClock = { readonly ahead: number | undefined; readonly server: string };

/** `3 s ahead of m1`, of this machine's clock. */
export function sayClock({ ahead = 0, server }: ServerClock): string {
  const host = server.replace(/:\d+$/, "");
  const side = ahead > 0 ? "behind" : "ahead of";
  return `${formatDuration(ahead / 1000)} ${side} ${host}`;
}

/** Whether a certificate that is issued now would look wrong here. */
export const isFarApart = ({ ahead = 0 }: ServerClock): boolean => Math.abs(ahead) > ALLOWED;

/** @throws Failure (exit 7) when the clocks differ by more than a minute. */
export function checkClock(clock: ServerClock): void {
  if (!isFarApart(clock)) return;
  const consequence = (clock.ahead ?? 0) > 0 ? "not yet valid" : "expired too early";
  throw new Failure(
    EXIT.clock,
    `this machine's clock is ${sayClock(clock)} (allowed ${ALLOWED / 1000} s); ` +
      `a new certificate would look "${consequence}" here`,
    ["look:  chronyc tracking      set:  chronyc makestep"],
  );
}
