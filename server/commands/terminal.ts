/** Where a command writes: what was asked for to `out`, everything else to `err`. */
export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Prints one JSON document when `--json` is given, and the text otherwise. */
  readonly show: (document: object, text: () => string) => void;
};

export type TerminalOptions = { readonly json?: boolean; readonly quiet?: boolean };

/** The terminal of a command. */
export function createTerminal({ json = false, quiet = false }: TerminalOptions): Terminal {
  const out = (text: string): void => void process.stdout.write(`${text}\n`);
  return {
    out,
    err: (text) => void (quiet || process.stderr.write(`${text}\n`)),
    show(document, text) {
      if (json) out(JSON.stringify({ schema: 1, ...document }, null, 2));
      else if (!quiet) out(text());
    },
  };
}

/** Columns as wide as their widest cell, two blanks apart. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `in 3 h 12 m`, `4 d ago`: how far `time` (RFC 3339) is from `now` in seconds since 1970. */
export function relativeTime(time: string, now: number): string {
  const seconds = Math.round(Date.parse(time) / 1000 - now);
  const text = formatSpan(Math.abs(seconds));
  return seconds >= 0 ? `in ${text}` : `${text} ago`;
}

const UNITS = [
  ["y", 365 * 86_400],
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const;

/** The two largest units of a span in seconds: `9 y 364 d`, `3 h 12 m`, `40 s`. */
export function formatSpan(seconds: number): string {
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  if (first === -1) return "0 s";
  let rest = seconds;
  const parts: string[] = [];
  for (const [unit, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

/** Reads `90s`, `15m`, `1h`, `7d` in seconds; undefined when it is none. */
export function parseSpan(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const size = UNITS.find(([name]) => name === unit)?.[1];
  return digits === undefined || size === undefined ? undefined : Number(digits) * size;
}
