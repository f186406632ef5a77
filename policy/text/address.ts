/** An IP address or a range of them: 4 or 16 bytes, and how many leading bits count. */
export type Range = { readonly bytes: readonly number[]; readonly bits: number };

/** Reads IPv4 (dotted, no leading zeros) or IPv6 (RFC 4291 §2.2); undefined for anything else. */
export const parseAddress = (text: string): readonly number[] | undefined =>
  text.includes(":") ? parseIpv6(text) : parseIpv4(text);

/** Reads `ADDRESS/BITS`; undefined also when bits beyond BITS are set. */
export function parseRange(text: string): Range | undefined {
  const [, address = "", width] = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const bytes = parseAddress(address);
  const bits = Number(width);
  if (bytes === undefined || !(bits <= bytes.length * 8)) return undefined;
  const range = { bytes, bits };
  return bytes.every((byte, index) => (byte & ~maskAt(range, index)) === 0) ? range : undefined;
}

/** The canonical text of an address: dotted, or RFC 5952; an IPv4-mapped one is IPv4. */
export function formatAddress(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join(".");
  const isMapped = bytes.every((byte, index) => index >= 12 || byte === (index < 10 ? 0 : 255));
  return isMapped ? bytes.slice(12).join(".") : formatIpv6(bytes);
}

/** The canonical form of an address given as text; undefined when it is none. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = parseAddress(text);
  return bytes === undefined ? undefined : formatAddress(bytes);
}

/** Whether `address`, in canonical text, lies in `range`. */
export function isInRange(address: string, range: Range): boolean {
  const bytes = parseAddress(address);
  if (bytes?.length !== range.bytes.length) return false;
  return range.bytes.every(
    (byte, index) => (((bytes[index] ?? 0) ^ byte) & maskAt(range, index)) === 0,
  );
}

/** The bits of byte `index` that count. */
function maskAt(range: Range, index: number): number {
  const bits = Math.min(8, Math.max(0, range.bits - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}

const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

function parseIpv4(text: string): readonly number[] | undefined {
  const [whole, ...parts] = IPV4.exec(text) ?? [];
  const bytes = parts.map(Number);
  return whole !== undefined && bytes.every((byte) => byte < 256) ? bytes : undefined;
}

function parseIpv6(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = [
    groupBytes(halves[0] ?? "", halves.length === 1),
    groupBytes(halves[1] ?? "", true),
  ];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : undefined;
  return missing >= 2 ? [...head, ...zeros(missing), ...tail] : undefined;
}

const zeros = (count: number): readonly number[] => Array.from({ length: count }, () => 0);

/** Bytes of `a:b:c`; the last part of an address, `isEnd`, may be dotted. */
function groupBytes(text: string, isEnd: boolean): readonly number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const dotted =
      isEnd && index === parts.length - 1 && part.includes(".") ? parseIpv4(part) : undefined;
    if (dotted === undefined && !/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
    const group = Number.parseInt(part, 16);
    bytes.push(...(dotted ?? [group >> 8, group & 0xff]));
  }
  return bytes;
}

/** RFC 5952 §4: no leading zeros, lower case, the first of the longest runs of two or more zeros short. */
function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from(
    { length: 8 },
    (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0),
  );
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(":");
  return `${hex.slice(0, run.start).join(":")}::${hex.slice(run.start + run.length).join(":")}`;
}

function longestZeroRun(groups: readonly number[]): {
  readonly start: number;
  readonly length: number;
} {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
