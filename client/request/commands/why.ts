import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import type { RequestDeps } from "../deps.ts";

/** `keyreq why`. */
export function whyCommand(_deps: RequestDeps, _output: Output, _grant: string): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "why is not there yet", ["keyreq help"]);
}
