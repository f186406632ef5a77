import { EXIT } from "../../protocol/exit-codes.ts";
import { Failure } from "../terminal/failure.ts";
import type { Output } from "../terminal/output.ts";
import type { RequestDeps } from "./deps.ts";
import { parseDuration } from "./span.ts";

/** Milliseconds between two attempts. */
const PAUSE = 2000;

/**
 * Does `work`; where something is unreachable and `wait` (`5m`) is given, again and again for so
 * long. Nothing else is tried twice.
 *
 * @throws Failure, the last one when nothing helped.
 */
export async function withPatience<T>(
  { deps: { now }, output }: { readonly deps: Pick<RequestDeps, "now">; readonly output: Output },
  wait: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const end = wait === undefined ? undefined : now() + parseDuration("--wait", wait) * 1000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const again = error instanceof Failure && error.exit === EXIT.unreachable;
      if (!again || end === undefined || now() + PAUSE > end) throw error;
      output.warn(`${error.message}; trying again`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
