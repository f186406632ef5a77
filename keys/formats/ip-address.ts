import { FormatError } from "./format-error.ts";

/**
 * The octets of an address in canonical text: four for IPv4 (dotted), sixteen for IPv6 (RFC 5952).
 *
 * @throws FormatError for any other spelling.
 */
export function parseAddress(text: string): Buffer {
  const octets = text.includes(":") ? parseV6(text) : Buffer.from(text.split(".").map(Number));
  if (text !== "" && formatAddress(octets) === text) return octets;
  throw new FormatError(`not an address in canonical text: ${JSON.stringify(text)}`);
}

/** Undoes {@link parseAddress}; empty text when the octets are neither four nor sixteen. */
export function formatAddress(octets: Buffer): string {
  if (octets.length === 4) return octets.join(".");
  return octets.length === 16 ? formatV6(octets) : "";
}

function parseV6(text: string): Buffer {
  const [head = "", tail, ...rest] = text.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const missing = 8 - before.length - after.length;
  if (rest.length > 0 || missing < 0 || (tail === undefined && missing > 0)) return Buffer.alloc(0);
  const octets = Buffer.alloc(16);
  before.forEach((group, index) => octets.writeUInt16BE(group, 2 * index));
  after.forEach((group, index) => octets.writeUInt16BE(group, 2 * (8 - after.length + index)));
  return octets;
}

const groupsOf = (text: string): readonly number[] =>
  text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16) & 0xffff);

/** RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups as `::`. */
function formatV6(octets: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(2 * index));
  const text = groups.map((group) => group.toString(16)).join(":");
  const [longest = ""] = (text.match(/\b0(?::0\b)+/g) ?? []).sort((a, b) => b.length - a.length);
  if (longest === "") return text;
  const at = text.search(new RegExp(`\\b${longest}\\b`));
  const before = text.slice(0, at).replace(/:$/, "");
  const after = text.slice(at + longest.length).replace(/^:/, "");
  return `${before}::${after}`;
}
