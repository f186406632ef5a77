import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import { codeOfError, Failure, messageOf } from "./failure.ts";
import type { Output } from "./output.ts";

/** Ways on after an error that no command foresaw. */
export type LastHints = {
  /** After EACCES and EPERM. */
  readonly permission: string;
  readonly other: string;
};

/** Says what ended a command, on standard error and in the document of `--json`; gives the exit code. */
export function reportError(output: Output, error: unknown, hints: LastHints): ExitCode {
  const failure = error instanceof Failure ? error : unforeseen(error, hints);
  output.fail(failure);
  output.document({ error: failure.message, hints: failure.hints, exit: failure.exit });
  if (failure !== error && output.options.verbose && error instanceof Error) {
    output.detail(error.stack ?? "");
  }
  return failure.exit;
}

function unforeseen(error: unknown, { permission, other }: LastHints): Failure {
  const isPermission = codeOfError(error) === "EACCES" || codeOfError(error) === "EPERM";
  const hint = isPermission ? permission : other;
  return new Failure(EXIT.unexpected, messageOf(error), [hint], { cause: error });
}

/** Whoever reads our output may have read enough. */
export function ignoreClosedPipe(error: unknown): void {
  if (codeOfError(error) !== "EPIPE") throw error;
}
