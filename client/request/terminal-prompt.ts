import { closeSync, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { EXIT } from "../../protocol/exit-codes.ts";
import { Failure } from "../terminal/failure.ts";

/** Asks the person; never reads standard input, which may belong to somebody else's data. */
export type Terminal = {
  /** Whether there is a terminal to ask on. */
  readonly isInteractive: () => boolean;
  /** One line, without its end. @throws Failure (exit 6) without a terminal, or when the person gives up. */
  readonly ask: (question: string) => Promise<string>;
  /** The same without echo. */
  readonly askSecret: (question: string) => Promise<string>;
};

/** The terminal at `path`, which is opened for each question alone. */
export const createTerminal = (path = "/dev/tty"): Terminal => ({
  isInteractive() {
    const descriptor = openTerminal(path);
    if (descriptor !== undefined) closeSync(descriptor);
    return descriptor !== undefined;
  },
  ask: (question) => askAt(path, question, { echo: true }),
  askSecret: (question) => askAt(path, question, { echo: false }),
});

function openTerminal(path: string): number | undefined {
  try {
    return openSync(path, "r+");
  } catch {
    // A process without a controlling terminal: ENXIO.
    return undefined;
  }
}

async function askAt(
  path: string,
  question: string,
  { echo }: { readonly echo: boolean },
): Promise<string> {
  const descriptor = openTerminal(path);
  if (descriptor === undefined) throw nobodyToAsk(question);
  const stream = new ReadStream(descriptor);
  try {
    // Before the question, so that nothing that is typed at once is shown.
    if (!echo) stream.setRawMode(true);
    writeSync(descriptor, question);
    return await readLine(stream.setEncoding("utf8"));
  } finally {
    if (!echo) {
      stream.setRawMode(false);
      writeSync(descriptor, "\n");
    }
    stream.destroy();
  }
}

const nobodyToAsk = (question: string): Failure =>
  new Failure(EXIT.unauthenticated, `there is no terminal to ask on: ${question.trim()}`, [
    "a reason:  KEYREQ_REASON=TEXT      a password:  --password-stdin",
  ]);

const CONTROL_C = "\u0003";
const CONTROL_D = "\u0004";
const LINE_KILL = "\u0015";
const ERASE: readonly string[] = ["\b", "\u007F"];

/** Longer lines are nobody's answer. */
const LIMIT = 4096;

/** In raw mode the keys that edit a line come as they are; else the terminal has done their work. */
async function readLine(stream: AsyncIterable<unknown>): Promise<string> {
  let line: readonly string[] = [];
  for await (const part of stream) {
    for (const character of String(part)) {
      if (character === "\r" || character === "\n") return line.join("");
      if (character === CONTROL_C || character === CONTROL_D || line.length >= LIMIT)
        throw gaveUp();
      if (character === LINE_KILL) line = [];
      else line = ERASE.includes(character) ? line.slice(0, -1) : [...line, character];
    }
  }
  throw gaveUp();
}

const gaveUp = (): Failure =>
  new Failure(EXIT.unauthenticated, "nothing was typed, nothing was asked for", ["keyreq --help"]);
