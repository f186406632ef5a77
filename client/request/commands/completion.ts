import type { Command } from "commander";
import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";

/** `keyreq completion`. */
export function completionCommand(
  _output: Output,
  _program: Command,
  _shell: string,
): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "completion is not there yet", ["keyreq help"]);
}
