import { setTimeout as sleep } from "node:timers/promises";

export type UntilOptions = {
  /** Seconds until it gives up; 60 when absent. */
  readonly seconds?: number;
  /** Seconds between two tries; 1 when absent. Each try starts a program: machines share two cores. */
  readonly every?: number;
};

/**
 * Tries until `probe` gives something other than undefined or false, and gives it.
 *
 * @throws Error naming `what`, with what the last try threw, if it did
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  { seconds = 60, every = 1 }: UntilOptions = {},
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const { found, cause } = await attempt(probe);
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) {
      const detail = cause instanceof Error ? `\n${cause.message}` : "";
      throw new Error(`${what}: not within ${seconds} s${detail}`, { cause });
    }
    await sleep(every * 1000);
  }
}

async function attempt<T>(
  probe: () => Promise<T>,
): Promise<{ readonly found?: T; readonly cause?: unknown }> {
  try {
    return { found: await probe() };
  } catch (cause) {
    return { cause };
  }
}
