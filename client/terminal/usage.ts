import type { CommanderError } from "commander";
import { EXIT } from "../../protocol/exit-codes.ts";
import { Failure } from "./failure.ts";

/** What is wrong with a command line, what was probably meant, and what shows the rest: `keyreq get --help`. */
export function explainUsage(help: string, error: CommanderError): Failure {
  const [first = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const guess = more
    .join(" ")
    .replaceAll(/[()?]/g, "")
    .replace("Did you mean", "did you mean")
    .trim();
  const hint = guess === "" ? help : `${guess}?      more:  ${help}`;
  return new Failure(EXIT.usage, first.charAt(0).toLowerCase() + first.slice(1), [hint]);
}
