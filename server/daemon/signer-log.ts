import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";
import { Type } from "typebox";
import { Value } from "typebox/value";

/** Why keysigner could not run, in its own words. */
export type SignerEnd = { readonly code?: string; readonly error: string };

/** The lines of keysigner's log, which are JSON already, on their way to ours. */
export type SignerLog = {
  /** Why it could not run; undefined when it did not say. Waits for its last line. */
  end(): Promise<SignerEnd | undefined>;
};

/** pino's level `fatal`. */
const FATAL = 60;

const Fatal = Type.Object({
  level: Type.Literal(FATAL),
  code: Type.Optional(Type.String()),
  error: Type.String(),
});

const Leveled = Type.Object({ level: Type.Number() });

/**
 * Passes lines on that are no JSON, or of pino's level `least` or above. Not the one that says why it cannot run:
 * that is kept, to be said once and with a hint.
 */
export function relayLog(from: Readable, to: Writable, least: number): SignerLog {
  let end: SignerEnd | undefined;
  const lines = createInterface({ input: from });
  lines.on("line", (line) => {
    const entry = parseEntry(line);
    if (Value.Check(Fatal, entry)) end = entry;
    else if (!Value.Check(Leveled, entry) || entry.level >= least) to.write(`${line}\n`);
  });
  const closed = new Promise<void>((resolve) => lines.once("close", resolve));
  return { end: () => closed.then(() => end) };
}

function parseEntry(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
