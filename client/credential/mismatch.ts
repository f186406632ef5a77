import { EXIT } from "../../protocol/exit-codes.ts";
import { Failure } from "../terminal/failure.ts";
import { formatTime } from "../terminal/duration.ts";

/** A certificate that came and is not what it should be; the one in place stays. */
export const mismatch = (grant: string, what: string): Failure =>
  new Failure(EXIT.unhealthy, `the certificate for ${grant} ${what}; the old one stays`, [
    "on the master:  keyserver status      then here:  keyclient once",
  ]);

/**
 * Refuses what is not valid now. Bounds in seconds since 1970, `now` in milliseconds.
 *
 * @throws Failure
 */
export function checkTimes(grant: string, notBefore: number, notAfter: number, now: number): void {
  if (now < notBefore * 1000) {
    throw mismatch(grant, `is not valid before ${formatTime(notBefore * 1000)}`);
  }
  if (now >= notAfter * 1000) {
    throw mismatch(grant, `has been invalid since ${formatTime(notAfter * 1000)}`);
  }
}

/** Whether two lists hold the same texts, in any order. */
export const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  new Set(a).size === new Set(b).size && a.every((text) => b.includes(text));
