import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import type { RequestDeps } from "../deps.ts";

/** Flags of `keyreq token`. */
export type TokenFlags = { readonly ttl?: string };

/** `keyreq token`. */
export function tokenCommand(
  _deps: RequestDeps,
  _output: Output,
  _node: string,
  _flags: TokenFlags,
): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "token is not there yet", ["keyreq help"]);
}
