import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import type { RequestDeps } from "../deps.ts";

/** Flags of `keyreq forget`. */
export type ForgetFlags = { readonly setup?: boolean };

/** `keyreq forget`. */
export function forgetCommand(
  _deps: RequestDeps,
  _output: Output,
  _grant: string | undefined,
  _flags: ForgetFlags,
): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "forget is not there yet", ["keyreq help"]);
}
