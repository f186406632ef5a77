import { hash, timingSafeEqual } from "node:crypto";

/**
 * A join string: `ks1-CLUSTER-NODE-GROUPS-CHECK`, all that a machine needs to join, on one line.
 *
 * GROUPS is Crockford's base 32 in groups of five over: version 1, expiry (4 bytes), pin (32 bytes),
 * secret (16 bytes), then cluster, node and servers, each as length byte and UTF-8. CHECK is 20
 * bits of SHA-256 over everything before it, so that a slip of the hand is seen before anything is
 * sent. Cluster and node stand in front again for the eye and must agree with what is inside.
 */
export type JoinString = {
  readonly cluster: string;
  readonly node: string;
  /** `host:port`, first is tried first; at least one. */
  readonly servers: readonly string[];
  /** SHA-256 of the SubjectPublicKeyInfo of authority `nodes`. */
  readonly pin: Uint8Array;
  /** Seconds since 1970. */
  readonly expires: number;
  /** 16 random bytes. */
  readonly secret: Uint8Array;
};

/** Why a text is no join string; the message says what to do. */
export class JoinStringError extends Error {
  override readonly name = "JoinStringError";
}

const PREFIX = "ks1-";
const VERSION = 1;
const PIN_LENGTH = 32;
const SECRET_LENGTH = 16;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECK_LENGTH = 4;

/** Formats a join string; {@link parseJoinString} undoes it. */
export function formatJoinString(join: JoinString): string {
  const head = Buffer.alloc(5);
  head.writeUInt8(VERSION, 0);
  head.writeUInt32BE(join.expires, 1);
  const texts = [join.cluster, join.node, ...join.servers].map(lengthPrefixed);
  const body = toBase32(Buffer.concat([head, join.pin, join.secret, ...texts]));
  const groups = body.match(/.{1,5}/g) ?? [];
  const front = `${PREFIX}${join.cluster}-${join.node}-${groups.join("-")}`;
  return `${front}-${checkOf(front)}`;
}

/** @throws JoinStringError when the text is damaged, cut short or something else altogether. */
export function parseJoinString(text: string): JoinString {
  const line = text.trim();
  if (!line.startsWith(PREFIX)) {
    throw new JoinStringError(`not a join string: it begins with ${PREFIX}`);
  }
  const cut = line.lastIndexOf("-");
  const front = line.slice(0, cut);
  if (!sameText(line.slice(cut + 1), checkOf(front))) {
    throw new JoinStringError(
      "join string is damaged: its checksum does not fit, nothing was sent",
    );
  }
  // Names may contain hyphens and digits, so the groups begin where the inside agrees with the front.
  for (let at = front.indexOf("-"); at !== -1; at = front.indexOf("-", at + 1)) {
    const join = decodeBody(front.slice(at + 1).replaceAll("-", ""));
    if (join !== undefined && front.slice(0, at) === `${PREFIX}${join.cluster}-${join.node}`)
      return join;
  }
  throw new JoinStringError("join string is of a version that this program does not know");
}

function decodeBody(body: string): JoinString | undefined {
  const bytes = fromBase32(body);
  const fixed = 5 + PIN_LENGTH + SECRET_LENGTH;
  if (bytes === undefined || bytes.length < fixed || bytes[0] !== VERSION) return undefined;
  const [cluster, node, ...servers] = readTexts(bytes.subarray(fixed)) ?? [];
  if (cluster === undefined || node === undefined || servers.length === 0) return undefined;
  if (![cluster, node, ...servers].every(isPrintable)) return undefined;
  return {
    cluster,
    node,
    servers,
    pin: bytes.subarray(5, 5 + PIN_LENGTH),
    expires: bytes.readUInt32BE(1),
    secret: bytes.subarray(5 + PIN_LENGTH, fixed),
  };
}

/** What is shown by --inspect must be what is there: nothing in it steers the terminal that it is read on. */
const isPrintable = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);

/** SHA-256 of a join secret, hex: what the ledger keeps in its place. */
export const hashSecret = (secret: Uint8Array): string => hash("sha256", secret, "hex");

/** The secret as it stands in `Authorization: Join …`. */
export const formatSecret = (secret: Uint8Array): string =>
  Buffer.from(secret).toString("base64url");

/** Undoes {@link formatSecret}; undefined when it is none. */
export function parseSecret(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.length === SECRET_LENGTH && formatSecret(bytes) === text ? bytes : undefined;
}

const checkOf = (front: string): string =>
  toBase32(hash("sha256", front, "buffer")).slice(0, CHECK_LENGTH);

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 255) throw new TypeError(`longer than 255 bytes: ${text}`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function readTexts(bytes: Buffer): readonly string[] | undefined {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + (bytes[at] ?? 0);
    if (end > bytes.length) return undefined;
    texts.push(bytes.toString("utf8", at + 1, end));
    at = end;
  }
  return texts;
}

const sameText = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

function toBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET.charAt((held >> (bits - 5)) & 31);
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET.charAt((held << (5 - bits)) & 31);
}

function fromBase32(text: string): Buffer | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter);
    if (value === -1) return undefined;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 255);
    held &= (1 << bits) - 1;
  }
  return held === 0 ? Buffer.from(bytes) : undefined;
}
