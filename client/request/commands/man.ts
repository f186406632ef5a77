import type { Command } from "commander";
import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";

/** `keyreq man`. */
export function manCommand(_output: Output, _program: Command): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "man is not there yet", ["keyreq help"]);
}
