import { FormatError } from "./format-error.ts";

/** Longest text looked at, in characters. */
const MAX_LENGTH = 64 * 1024;

/** Encodes one block (RFC 7468 §2): lines of 64, a newline at the end. */
export function formatPem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString("base64");
  let body = "";
  for (let at = 0; at < base64.length; at += 64) body += `${base64.slice(at, at + 64)}\n`;
  return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`;
}

/**
 * Decodes a text that is exactly one block of `label` in RFC 7468's strict form; the last newline
 * may be missing.
 *
 * @throws FormatError for anything else: other labels, text around it, other line lengths, base64
 * that is not canonical.
 */
export function parsePem(label: string, text: string): Buffer {
  const begin = `-----BEGIN ${label}-----\n`;
  const whole = text.endsWith("\n") ? text : `${text}\n`;
  if (whole.length > MAX_LENGTH) throw new FormatError(`PEM: longer than ${MAX_LENGTH} characters`);
  if (!whole.startsWith(begin)) throw new FormatError(`PEM: does not begin with ${begin.trim()}`);
  const der = Buffer.from(whole.slice(begin.length, whole.lastIndexOf("\n-----END")), "base64");
  if (formatPem(label, der) === whole) return der;
  throw new FormatError(`PEM: not one ${label} block in lines of 64 characters (RFC 7468 §3)`);
}
