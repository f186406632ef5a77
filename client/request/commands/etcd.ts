import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import type { RequestDeps } from "../deps.ts";

/** Flags of `keyreq etcd`; durations as people write them. */
export type EtcdFlags = {
  readonly grant?: string;
  readonly reason?: string;
  readonly lifetime?: string;
};

/** `keyreq etcd`. */
export function etcdCommand(
  _deps: RequestDeps,
  _output: Output,
  _words: readonly string[],
  _flags: EtcdFlags,
): Promise<ExitCode> {
  throw new Failure(EXIT.unexpected, "etcd is not there yet", ["keyreq help"]);
}
