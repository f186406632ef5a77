/** Serial numbers as lower-case hex. */
export type Serials = {
  /**
   * 20 bytes (RFC 5280 §4.1.2.2): four of the clock and 16 random. The clock keeps inserts into the
   * unique index at its end; the first bit is clear and the number never zero, so the DER integer
   * is positive and has no padding.
   */
  readonly tls: () => string;
  /** 8 random bytes (PROTOCOL.certkeys: uint64). */
  readonly ssh: () => string;
};

const POOL = 8192;
const TLS_RANDOM = 16;
const SSH_RANDOM = 8;

/** `now` gives seconds since 1970, `randomBytes` that many bytes from a cryptographic source. */
export function createSerials({
  now,
  randomBytes,
}: {
  readonly now: () => number;
  readonly randomBytes: (count: number) => Buffer;
}): Serials {
  const draw = createPool(randomBytes);
  return {
    tls: () => formatClock(now()) + draw(TLS_RANDOM),
    ssh: () => draw(SSH_RANDOM),
  };
}

/** Random bytes as hex, drawn from the source a pool at a time; none is given out twice. */
function createPool(randomBytes: (count: number) => Buffer): (count: number) => string {
  let pool: Buffer = Buffer.alloc(0);
  let used = 0;
  return (count) => {
    if (used + count > pool.length) {
      pool = randomBytes(POOL);
      used = 0;
    }
    used += count;
    return pool.toString("hex", used - count, used);
  };
}

/** 31 bits of the clock, the first byte between 01 and 7f. */
function formatClock(seconds: number): string {
  const clock = seconds & 0x7fff_ffff;
  return (clock < 0x0100_0000 ? clock + 0x0100_0000 : clock).toString(16).padStart(8, "0");
}

const SERIAL = /^(?:[0-9a-f]{16}|[0-9a-f]{40})$/;

/** The bytes of a serial. @throws TypeError when it is not 16 or 40 lower-case hex digits. */
export function serialBytes(serial: string): Buffer {
  if (SERIAL.test(serial)) return Buffer.from(serial, "hex");
  throw new TypeError(`not a serial of 16 or 40 hex digits: ${JSON.stringify(serial)}`);
}

/** Whether a text is a serial in the form that the ledger takes. */
export const isSerial = (text: string): boolean => SERIAL.test(text);
