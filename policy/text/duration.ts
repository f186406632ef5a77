/** The longest first. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
]);

/** Ten years: nothing that a policy speaks of lasts longer. */
const LONGEST = 3650 * 86_400;

/** Seconds of `30d`, `4h`, `15m`, `90s`; undefined for anything else, for nothing and beyond ten years. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^([1-9][0-9]{0,8})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS.get(unit ?? "") ?? Number.NaN);
  return seconds <= LONGEST ? seconds : undefined;
}

/** The shortest exact form: `14400` is `4h`. */
export function formatDuration(seconds: number): string {
  for (const [unit, size] of UNITS) {
    if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}
