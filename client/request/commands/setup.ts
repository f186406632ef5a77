import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import type { RequestDeps } from "../deps.ts";

/** Flags of `keyreq setup`. */
export type SetupFlags = {
  readonly pin: string;
  readonly kubernetes?: string;
  readonly etcd?: readonly string[];
  readonly yes?: boolean;
};

/** `keyreq setup`. */
export function setupCommand(
  _deps: RequestDeps,
  _output: Output,
  _url: string,
  _flags: SetupFlags,
): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "setup is not there yet", ["keyreq help"]);
}
