import { FormatError } from "./format-error.ts";

/** Identifier octets (X.690 §8.1.2) that certificates are made of. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const MAX_DEPTH = 16;
const MAX_OID = 32;

/**
 * Reads DER (X.690 §10) strictly, element after element: definite and minimal lengths, minimal
 * integers, single-byte tags. Views into the bytes are handed out, never copies.
 */
export class DerReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Whether everything was read. */
  get done(): boolean {
    return this.#at === this.#end;
  }

  /** Whether an element with this tag comes next. */
  next(tag: number): boolean {
    return this.#at < this.#end && this.#bytes[this.#at] === tag;
  }

  /** Reads a constructed element with `read`, which must consume all of it. */
  enter<T>(tag: number, read: (inner: DerReader) => T): T {
    const end = this.#open(tag);
    const inner = new DerReader(this.#bytes, this.#at, end);
    const value = read(inner);
    inner.close();
    this.#at = end;
    return value;
  }

  /** The content octets of the next element. */
  content(tag: number): Buffer {
    const end = this.#open(tag);
    const content = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return content;
  }

  /** The next element whole, header included. */
  element(tag: number): Buffer {
    const start = this.#at;
    this.#at = this.#open(tag);
    return this.#bytes.subarray(start, this.#at);
  }

  /** An object identifier as hex of its content octets, the form in which OID holds them. */
  oid(): string {
    const start = this.#at;
    const content = this.content(TAG.oid);
    const last = content.at(-1);
    if (last === undefined || last >= 0x80 || content.length > MAX_OID) {
      throw new FormatError(`DER: object identifier at byte ${start} is empty, cut or too long`);
    }
    return content.toString("hex");
  }

  /** The content octets of an integer that is not negative, without the leading zero octet. */
  unsigned(): Buffer {
    const start = this.#at;
    const content = this.content(TAG.integer);
    const [first, second = 0x80] = content;
    if (
      first === undefined ||
      first >= 0x80 ||
      (first === 0 && content.length > 1 && second < 0x80)
    ) {
      throw new FormatError(`DER: integer at byte ${start} is empty, negative or not minimal`);
    }
    return first === 0 && content.length > 1 ? content.subarray(1) : content;
  }

  /** The octets of a bit string without unused bits. */
  bitString(): Buffer {
    const start = this.#at;
    const content = this.content(TAG.bitString);
    if (content[0] !== 0) {
      throw new FormatError(`DER: bit string at byte ${start} does not end at an octet`);
    }
    return content.subarray(1);
  }

  /** Reads the next element, whatever it is, and everything inside it. */
  skip(depth = 0): void {
    if (depth > MAX_DEPTH) throw new FormatError(`DER: nested deeper than ${MAX_DEPTH}`);
    const tag = this.#bytes[this.#at];
    if (tag === undefined || this.done) throw new FormatError(`DER: ends at byte ${this.#at}`);
    if ((tag & 0x20) === 0) {
      this.content(tag);
      return;
    }
    this.enter(tag, (inner) => {
      while (!inner.done) inner.skip(depth + 1);
    });
  }

  /** @throws FormatError when something is left. */
  close(): void {
    if (this.done) return;
    throw new FormatError(`DER: ${this.#end - this.#at} bytes too many at byte ${this.#at}`);
  }

  /** Reads a header, leaves the reader at the content, gives its end. */
  #open(tag: number): number {
    const start = this.#at;
    if (start + 2 > this.#end) throw new FormatError(`DER: ends at byte ${this.#end}`);
    const found = this.#bytes[start];
    if (found !== tag || (tag & 0x1f) === 0x1f) {
      throw new FormatError(
        `DER: tag ${hexOf(found)} at byte ${start} where ${hexOf(tag)} belongs`,
      );
    }
    this.#at = start + 2;
    const end = this.#length(this.#bytes[start + 1] ?? 0x80) + this.#at;
    if (end <= this.#end) return end;
    throw new FormatError(`DER: element at byte ${start} is longer than what holds it`);
  }

  /** The length octets after the first (X.690 §8.1.3, §10.1): definite, minimal, at most three. */
  #length(first: number): number {
    if (first < 0x80) return first;
    const size = first & 0x7f;
    if (size === 0 || size > 3 || this.#at + size > this.#end) {
      throw new FormatError(`DER: length at byte ${this.#at - 1} is indefinite or too long`);
    }
    const length = this.#bytes.readUIntBE(this.#at, size);
    if (length < 0x80 || length < 1 << (8 * (size - 1))) {
      throw new FormatError(`DER: length at byte ${this.#at - 1} is not minimal`);
    }
    this.#at += size;
    return length;
  }
}

/**
 * Reads bytes that are exactly one constructed element.
 *
 * @throws FormatError when they are not, or `read` leaves something of it.
 */
export function readDer<T>(bytes: Buffer, tag: number, read: (inner: DerReader) => T): T {
  const reader = new DerReader(bytes);
  const value = reader.enter(tag, read);
  reader.close();
  return value;
}

const hexOf = (tag: number | undefined): string => `0x${(tag ?? 0).toString(16).padStart(2, "0")}`;
