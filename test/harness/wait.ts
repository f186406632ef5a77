import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until `probe` gives something other than undefined or false, and gives it.
 *
 * @throws Error naming `what` after `seconds`, with what the last try threw, if it did.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 15,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const { found, cause } = await attempt(probe);
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`, { cause });
    await sleep(30);
  }
}

async function attempt<T>(
  probe: () => T | Promise<T>,
): Promise<{ readonly found?: T; readonly cause?: unknown }> {
  try {
    return { found: await probe() };
  } catch (cause) {
    return { cause };
  }
}
