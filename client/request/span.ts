import { EXIT } from "../../protocol/exit-codes.ts";
import { Failure } from "../terminal/failure.ts";

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * A span as people and the policy write it (`90s`, `15m`, `1h30m`, `2d`) in seconds; at least one.
 *
 * @throws Failure (exit 2) naming `flag`.
 */
export function parseDuration(flag: string, text: string): number {
  const isSpan = /^(?:\d{1,7}[dhms])+$/.test(text);
  const seconds = [...text.matchAll(/(\d+)([dhms])/g)]
    .map(([, count = "", unit = ""]) => Number(count) * (SECONDS[unit] ?? NaN))
    .reduce((sum, each) => sum + each, 0);
  if (isSpan && seconds > 0) return seconds;
  throw new Failure(EXIT.usage, `${flag} ${JSON.stringify(text)} is no span of time`, [
    `${flag} 90s      or 15m, 1h, 2d`,
  ]);
}
