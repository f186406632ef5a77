import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import type { RequestDeps } from "../deps.ts";

/** Flags of `keyreq ssh`; durations as people write them. */
export type SshFlags = {
  readonly as?: string;
  readonly reason?: string;
  readonly lifetime?: string;
  readonly confirm?: boolean;
  /** False with `--no-agent`. */
  readonly agent: boolean;
  readonly ensure?: boolean;
  readonly login?: string;
};

/** Where to log in, and what is passed on to ssh untouched. */
export type SshTarget = { readonly host?: string; readonly args: readonly string[] };

/** `keyreq ssh`. */
export function sshCommand(
  _deps: RequestDeps,
  _output: Output,
  _target: SshTarget,
  _flags: SshFlags,
): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "ssh is not there yet", ["keyreq help"]);
}
