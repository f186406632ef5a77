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

/** Passes lines on, but the one that says why it cannot run: that is kept, to be said once and with a hint. */
export function relayLog(from: Readable, to: Writable): SignerLog {
  let end: SignerEnd | undefined;
  const lines = createInterface({ input: from });
  lines.on("line", (line) => {
    const fatal = parseFatal(line);
    if (fatal === undefined) to.write(`${line}\n`);
    else end = fatal;
  });
  const closed = new Promise<void>((resolve) => lines.once("close", resolve));
  return { end: () => closed.then(() => end) };
}

function parseFatal(line: string): SignerEnd | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return Value.Check(Fatal, value) ? value : undefined;
  } catch {
    return undefined;
  }
}
