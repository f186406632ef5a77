const UNITS = [
  { unit: "d", seconds: 86_400 },
  { unit: "h", seconds: 3600 },
  { unit: "m", seconds: 60 },
  { unit: "s", seconds: 1 },
] as const;

/** A span of seconds in its two largest units: `3 h 12 m`, `40 s`; the sign is left out. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const first = UNITS.findIndex((unit) => whole >= unit.seconds);
  if (first === -1) return "0 s";
  let rest = whole;
  const parts: string[] = [];
  for (const { unit, seconds: size } of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

/** A span in its largest unit only, for tables: `31 d`. */
export const formatRoughly = (seconds: number): string => {
  const [count, unit] = formatDuration(seconds).split(" ");
  return `${count} ${unit}`;
};

/** Milliseconds since 1970 as RFC 3339 in UTC with whole seconds, rounded down. */
export const formatTime = (at: number): string =>
  `${new Date(at).toISOString().slice(0, "2026-01-01T00:00:00".length)}Z`;

/** RFC 3339 to milliseconds since 1970; NaN when it is none. */
export const parseTime = (text: string): number => Date.parse(text);
