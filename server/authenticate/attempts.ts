/** How many failures count for how long; the window begins with the first. */
export type AttemptLimit = { readonly most: number; readonly seconds: number };

/** Keeps count of failed attempts by a name (a person, an address). Bounded: the oldest are forgotten first. */
export type Attempts = {
  /**
   * Takes one attempt, before it is known how it ends, so that parallel ones count too. Gives the seconds to wait
   * when there have been too many, and then takes none; else undefined.
   */
  take(name: string): number | undefined;
  /** Gives an attempt back that did not fail. */
  refund(name: string): void;
};

const MOST_NAMES = 10_000;

/** @param now Seconds since 1970. */
export function createAttempts({ most, seconds }: AttemptLimit, now: () => number): Attempts {
  const windows = new Map<string, { readonly until: number; count: number }>();
  const open = (name: string) => {
    const window = windows.get(name);
    if (window !== undefined && now() < window.until) return window;
    const [oldest] = windows.keys();
    windows.delete(name);
    if (windows.size >= MOST_NAMES && oldest !== undefined) windows.delete(oldest);
    const fresh = { until: now() + seconds, count: 0 };
    windows.set(name, fresh);
    return fresh;
  };
  return {
    take(name) {
      const window = open(name);
      if (window.count >= most) return Math.max(1, window.until - now());
      window.count += 1;
      return undefined;
    },
    refund(name) {
      const window = windows.get(name);
      if (window !== undefined && window.count > 0) window.count -= 1;
    },
  };
}
