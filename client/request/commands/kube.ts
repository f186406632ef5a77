import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import type { RequestDeps } from "../deps.ts";

/** Flags of `keyreq kube`; durations as people write them. */
export type KubeFlags = {
  readonly grant?: string;
  readonly reason?: string;
  readonly lifetime?: string;
  readonly execCredential?: boolean;
};

/** `keyreq kube`. */
export function kubeCommand(
  _deps: RequestDeps,
  _output: Output,
  _words: readonly string[],
  _flags: KubeFlags,
): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "kube is not there yet", ["keyreq help"]);
}
