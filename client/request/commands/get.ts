import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import type { RequestDeps } from "../deps.ts";

/** Flags of `keyreq get`; durations as people write them. */
export type GetFlags = {
  readonly out: string;
  readonly p12?: boolean;
  readonly pem?: boolean;
  readonly reason?: string;
  readonly lifetime?: string;
  readonly passwordFile?: string;
  readonly generatePassword?: boolean;
  readonly force?: boolean;
};

/** `keyreq get`. */
export function getCommand(
  _deps: RequestDeps,
  _output: Output,
  _grant: string,
  _flags: GetFlags,
): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "get is not there yet", ["keyreq help"]);
}
