/** What may stand in a log entry. Anything else is written as its kind, in angle brackets. */
export type LogEntry = {
  readonly at: number;
  readonly event: string;
  readonly [key: string]: unknown;
};

/** Characters of a text that are kept; what follows is counted, not written. */
export const MAX_TEXT = 512;
const MAX_ITEMS = 64;
const MAX_DEPTH = 4;

/**
 * The canonical line of an entry: JSON of printable ASCII alone, `at` and `event` first and the rest in
 * the order of their names. Control characters, bidirectional marks and lone surrogates come out as
 * `\\uXXXX`, so one entry is one line whatever a client sent.
 */
export function formatEntry(entry: LogEntry): string {
  const { at, event, ...rest } = entry;
  const fields = Object.entries(rest).filter(([, value]) => value !== undefined);
  return formatFields([["at", at], ["event", event], ...fields.sort(byName)], MAX_DEPTH);
}

/** A text as a JSON string of printable ASCII, at most {@link MAX_TEXT} characters of it. */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  const kept = text.slice(0, MAX_TEXT);
  const rest = text.length - kept.length;
  const whole = rest === 0 ? kept : `${kept}... (${rest} more characters)`;
  return JSON.stringify(whole).replaceAll(UNPRINTABLE, escapeUnit);
}

/** At most {@link MAX_TEXT} characters that stand for themselves in a JSON string. */
const PLAIN = /^[ !#-[\]-~]{0,512}$/;
const UNPRINTABLE = /[^ -~]/g;

const escapeUnit = (unit: string): string =>
  `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : 1;

function formatFields(fields: readonly (readonly [string, unknown])[], depth: number): string {
  const kept = fields.slice(0, MAX_ITEMS);
  return `{${kept.map(([name, value]) => `${quote(name)}:${formatValue(value, depth)}`).join(",")}}`;
}

function formatValue(value: unknown, depth: number): string {
  if (typeof value === "string") return quote(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || depth === 0) return `"<${typeof value}>"`;
  if (!Array.isArray(value)) return formatFields(Object.entries(value).sort(byName), depth - 1);
  const items: readonly unknown[] = value.slice(0, MAX_ITEMS);
  return `[${items.map((item) => formatValue(item, depth - 1)).join(",")}]`;
}
