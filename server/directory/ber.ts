import { LdapFault } from "./ldap-fault.ts";

/** One element of BER as LDAP restricts it (RFC 4511 §5.1): definite lengths, tags of one byte. */
export type Element = { readonly tag: number; readonly body: Buffer };

/** Elements that one other holds at most. */
const MOST = 4096;

/** Bytes of the longest length that is read: its first byte and four others. */
const LONGEST_LENGTH = 5;

/**
 * The tag, and where the body begins and ends, of the element at `at`; undefined while its head is not complete.
 *
 * @throws LdapFault for an indefinite length, one of more than four bytes, or a tag of several bytes
 */
export function readHead(
  bytes: Buffer,
  at = 0,
): { readonly tag: number; readonly start: number; readonly end: number } | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag !== undefined && (tag & 0x1f) === 0x1f) throw malformed();
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return { tag, start: at + 2, end: at + 2 + first };
  const octets = first & 0x7f;
  if (octets === 0 || octets >= LONGEST_LENGTH) throw malformed();
  const start = at + 2 + octets;
  if (bytes.length < start) return undefined;
  return { tag, start, end: start + bytes.readUIntBE(at + 2, octets) };
}

/** All elements of a body, which they fill exactly. @throws LdapFault when they do not, or are too many */
export function readElements(body: Buffer): readonly Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < body.length;) {
    const head = readHead(body, at);
    if (head === undefined || head.end > body.length || elements.length === MOST) throw malformed();
    elements.push({ tag: head.tag, body: body.subarray(head.start, head.end) });
    at = head.end;
  }
  return elements;
}

/** The fault of whoever sends what is no LDAP. */
export const malformed = (): LdapFault => new LdapFault("answers with something that is not LDAP");
