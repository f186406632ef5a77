import type { Acknowledged } from "./acknowledged.ts";

/** What the main thread of keyserver did, in its order. */
export type TraceEvent =
  /** A page into the ledger's log; `data` as strace's `-xx` writes it, `\x30\x82…`. */
  | { readonly kind: "page"; readonly data: string }
  /** A sync of it that ended well. */
  | { readonly kind: "sync" }
  /** A question to the signer. */
  | { readonly kind: "sign"; readonly data: string }
  /** Bytes to a client, at this port. */
  | { readonly kind: "send"; readonly port: number; readonly bytes: number };

/** Reads what `strace -yy -xx` wrote of pwrite64, fsync, fdatasync, write and writev. */
export const parseTrace = (text: string): readonly TraceEvent[] =>
  text.split("\n").flatMap((line) => parseLine(line) ?? []);

function parseLine(line: string): TraceEvent | undefined {
  const [, call = "", escaped = ""] = /^(\w+)\(\d+<(.*?)>[,)]/.exec(line) ?? [];
  const target = unescapeText(escaped);
  const result = Number(/ = (-?\d+)/.exec(line)?.[1] ?? -1);
  if (result < 0) return undefined;
  if (target.endsWith("ledger.db-wal")) {
    return call.endsWith("sync") ? { kind: "sync" } : { kind: "page", data: dataIn(line) };
  }
  if (target.startsWith("UNIX-STREAM")) return { kind: "sign", data: dataIn(line) };
  const [, port] = /^TCP:.*->.*:(\d+)\]$/.exec(target) ?? [];
  return port === undefined ? undefined : { kind: "send", port: Number(port), bytes: result };
}

/** A file's name, which strace escapes as it does data. */
const unescapeText = (text: string): string =>
  text.replace(/\\x([0-9a-f]{2})/g, (_, byte: string) => String.fromCodePoint(parseInt(byte, 16)));

const dataIn = (line: string): string => />, "((?:\\x[0-9a-f]{2})*)"/.exec(line)?.[1] ?? "";

/** Bytes as strace writes them. */
const escapeBytes = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");

/** How an acknowledged batch stands in a trace. */
export type Cover = {
  /** Whether each of its serials was in the ledger, and synced, before the signer was asked for it. */
  readonly intended: boolean;
  /** Index of the sync that ended after its certificates were written and before its reply; none: undefined. */
  readonly recordedBy: number | undefined;
};

/** Holds the reply of a batch against the writes and syncs before it. */
export function coverOf(
  events: readonly TraceEvent[],
  { port, certificates }: Acknowledged,
): Cover {
  const recorded = certificates.map(({ bytes }) => firstPage(events, bytes.subarray(-24)));
  const recordedBy = syncBetween(events, Math.max(...recorded), replyTo(events, port));
  const intended = certificates.every(({ serial }) => {
    const asked = firstIndex(events, "sign", escapeBytes(Buffer.from(serial)));
    return syncBetween(events, firstPage(events, Buffer.from(serial, "hex")), asked) !== undefined;
  });
  return { intended, recordedBy };
}

/** The bytes are found once in a row's own page, before the page is written again for other rows. */
const firstPage = (events: readonly TraceEvent[], bytes: Uint8Array): number =>
  firstIndex(events, "page", escapeBytes(bytes));

/** Infinity where there is none: no sync comes after it. */
function firstIndex(events: readonly TraceEvent[], kind: "page" | "sign", data: string): number {
  const index = events.findIndex((event) => event.kind === kind && event.data.includes(data));
  return index === -1 ? Infinity : index;
}

/** Each connection carries one question, so its last send that could hold a certificate is the reply; a close is small. */
function replyTo(events: readonly TraceEvent[], port: number): number {
  const LEAST = 1000;
  const sends = events
    .map((event, index) => ({ event, index }))
    .filter(({ event }) => event.kind === "send" && event.port === port && event.bytes >= LEAST);
  return sends.length < 2 ? -1 : (sends.at(-1)?.index ?? -1);
}

function syncBetween(
  events: readonly TraceEvent[],
  after: number,
  before: number,
): number | undefined {
  const index = events.findIndex(({ kind }, at) => kind === "sync" && at > after);
  return index !== -1 && index < before ? index : undefined;
}
