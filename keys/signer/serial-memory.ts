/** Serial numbers that were signed lately, so that none is signed twice. */
export type SerialMemory = {
  /** Remembers a serial; false when it is remembered already. */
  add(serial: string): boolean;
};

/**
 * Remembers at least the last `limit` serials and at most twice as many. What was before that, the
 * ledger's constraint keeps from being asked again.
 */
export function createSerialMemory(limit = 16_384): SerialMemory {
  let newer = new Set<string>();
  let older = new Set<string>();
  return {
    add(serial) {
      if (newer.has(serial) || older.has(serial)) return false;
      if (newer.size >= limit) {
        older = newer;
        newer = new Set();
      }
      newer.add(serial);
      return true;
    },
  };
}
