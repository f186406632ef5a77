import { FormatError } from "./format-error.ts";

/** Reads the data types of RFC 4251 §5, field after field. */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Whether everything was read. */
  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#at;
  }

  /** A `uint32`. */
  uint32(): number {
    return this.#take(4).readUInt32BE(0);
  }

  /** A `uint64`, its eight bytes. */
  uint64(): Buffer {
    return this.#take(8);
  }

  /** A `string`, its bytes as a view. */
  string(): Buffer {
    return this.#take(this.uint32());
  }

  /** A `string` of UTF-8. */
  text(): string {
    const bytes = this.string();
    const text = bytes.toString("utf8");
    if (text.length === bytes.length || Buffer.from(text).equals(bytes)) return text;
    throw new FormatError("SSH: text is not UTF-8");
  }

  /** An `mpint` that is positive and minimal, without its leading zero byte. */
  unsigned(): Buffer {
    const [first, second = 0] = this.#peekString();
    if (first === undefined || first >= 0x80 || (first === 0 && second < 0x80)) {
      throw new FormatError(`SSH: number at byte ${this.#at} is not positive or not minimal`);
    }
    return first === 0 ? this.string().subarray(1) : this.string();
  }

  /** @throws FormatError when something is left. */
  close(): void {
    if (this.done) return;
    throw new FormatError(`SSH: ${this.#bytes.length - this.#at} bytes too many`);
  }

  #peekString(): Buffer {
    const start = this.#at;
    const bytes = this.string();
    this.#at = start;
    return bytes;
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new FormatError(`SSH: cut short at byte ${this.#at}`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

/** A `string` (RFC 4251 §5) from bytes or text. */
export function sshString(value: Uint8Array | string): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([sshUint32(bytes.length), bytes]);
}

/** A `uint32`. */
export function sshUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A `uint64` from a whole number below 2^53. */
export function sshUint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32));
  bytes.writeUInt32BE(value % 2 ** 32, 4);
  return bytes;
}

/** An `mpint` from a big-endian magnitude. */
export function sshUnsigned(magnitude: Buffer): Buffer {
  let start = 0;
  while (start < magnitude.length && magnitude[start] === 0) start += 1;
  const bytes = magnitude.subarray(start);
  return sshString((bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]));
}
