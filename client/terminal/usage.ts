import type { CommanderError } from "commander";
import { EXIT } from "../../protocol/exit-codes.ts";
import { Failure } from "./failure.ts";

/** What is wrong with a command line, and what was probably meant. */
export function explainUsage(program: string, error: CommanderError): Failure {
  const [first = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const guess = more
    .join(" ")
    .replaceAll(/[()?]/g, "")
    .replace("Did you mean", "did you mean")
    .trim();
  const hint = guess === "" ? `${program} help` : `${guess}?      all commands:  ${program} help`;
  return new Failure(EXIT.usage, first.charAt(0).toLowerCase() + first.slice(1), [hint]);
}
