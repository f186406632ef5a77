import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { waitFor } from "./wait.ts";

/** What is waited for on the screen, and the keys that are typed then. */
export type Turn = readonly [question: string, keys: string | (() => string | Promise<string>)];

/**
 * Answers a program on a terminal of its own, one turn after the other, and waits for its end.
 *
 * @throws Error with the screen for a question that does not come within a minute; the program is killed then.
 */
export async function converse(
  child: ChildProcessWithoutNullStreams,
  talk: readonly Turn[],
): Promise<{ readonly code: number; readonly screen: string }> {
  let screen = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (part: Buffer) => (screen += part.toString()));
  }
  const ended = new Promise<number>((resolve) => {
    child.on("close", (code) => resolve(code ?? 128));
  });
  let read = 0;
  for (const [question, keys] of talk) {
    const seen = (): boolean => screen.includes(question, read);
    await waitFor(question, seen, 60).catch((cause: unknown) => {
      child.kill("SIGKILL");
      throw new Error(`${question} is not to be seen:\n${screen}`, { cause });
    });
    read = screen.indexOf(question, read) + question.length;
    child.stdin.write(typeof keys === "string" ? keys : await keys());
  }
  return { code: await ended, screen: screen.replaceAll("\r", "") };
}
