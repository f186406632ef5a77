/** Measures how long ago something was, in seconds. */
export type Ages = {
  /** Gives the seconds since this call, whenever it is asked. */
  start(): () => number;
};

export type AgesDeps = {
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Seconds of a clock that nobody sets; this process's when absent. */
  readonly monotonic?: () => number;
};

/**
 * Ages by the larger of two clocks: one that is set back cannot make what is old young again, and one that stands still
 * while the machine sleeps does not either.
 */
export function createAges({ now, monotonic = () => performance.now() / 1000 }: AgesDeps): Ages {
  return {
    start() {
      const [wall, steady] = [now(), monotonic()];
      return () => Math.max(0, now() - wall, monotonic() - steady);
    },
  };
}
