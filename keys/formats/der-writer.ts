import { TAG } from "./der-reader.ts";

/** An element (X.690 §8.1) with the shortest definite length. */
export function derElement(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([derHeader(tag, length), ...parts]);
}

/** Tag and length of an element whose content follows. */
export function derHeader(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.of(tag, length);
  if (length < 0x100) return Buffer.of(tag, 0x81, length);
  if (length < 0x10000) return Buffer.of(tag, 0x82, length >> 8, length & 0xff);
  return Buffer.of(tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff);
}

/** A SEQUENCE. */
export const derSequence = (...parts: readonly Uint8Array[]): Buffer =>
  derElement(TAG.sequence, ...parts);

/** An INTEGER from a big-endian magnitude; leading zero octets are dropped, a sign octet is added. */
export function derUnsigned(magnitude: Uint8Array): Buffer {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const bytes = magnitude.subarray(start);
  return (bytes[0] ?? 0) < 0x80
    ? derElement(TAG.integer, bytes)
    : derElement(TAG.integer, Buffer.of(0), bytes);
}

/** An OBJECT IDENTIFIER from hex of its content octets. */
export const derOid = (hex: string): Buffer => derElement(TAG.oid, Buffer.from(hex, "hex"));

/** A BIT STRING without unused bits. */
export const derBitString = (bytes: Uint8Array): Buffer =>
  derElement(TAG.bitString, Buffer.of(0), bytes);

/** An OCTET STRING. */
export const derOctetString = (bytes: Uint8Array): Buffer => derElement(TAG.octetString, bytes);

/** A UTF8String. */
export const derUtf8 = (text: string): Buffer => derElement(TAG.utf8, Buffer.from(text));
