import { createInterface } from "node:readline/promises";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";

/** Whether somebody is there to be asked. */
export const canAsk = (): boolean => process.stdin.isTTY;

/** One line from the terminal; undefined when the person ends it (Ctrl-C, Ctrl-D). */
async function ask(question: string): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<undefined>((resolve) => {
    lines.once("close", () => resolve(undefined));
  });
  try {
    return await Promise.race([lines.question(question).catch(() => undefined), ended]);
  } finally {
    lines.close();
  }
}

/**
 * Asks for one of several words, of which the first letter is enough; anything else is `otherwise`.
 *
 * @returns undefined when the person ends it.
 */
export async function choose<const T extends string>(
  question: string,
  words: readonly T[],
  otherwise: T,
): Promise<T | undefined> {
  const answer = (await ask(`${question} [${words.join("/")}] `))?.trim().toLowerCase();
  if (answer === undefined) return undefined;
  return words.find((word) => answer !== "" && word.startsWith(answer)) ?? otherwise;
}

/** Asks whether to apply. @throws OperatorError when there is nobody to ask, or the answer is no */
export async function confirm(command: string): Promise<void> {
  if (!canAsk()) {
    throw new OperatorError("policy apply asks on a terminal, and there is none", {
      hint: `look at what it changes: keyserver policy diff; then: keyserver ${command} --yes`,
      exitCode: EXIT.usage,
    });
  }
  if ((await choose("Put this into force?", ["yes", "no"], "no")) === "yes") return;
  throw new OperatorError("nothing was applied", {
    hint: "look at it again: keyserver policy diff",
    exitCode: EXIT.unhealthy,
  });
}
