import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import type { RequestDeps } from "../deps.ts";

/** `keyreq status`. */
export function statusCommand(_deps: RequestDeps, _output: Output): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "status is not there yet", ["keyreq help"]);
}
