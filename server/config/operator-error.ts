import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";

/** What went wrong for the person at the terminal, and the next thing to type. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(
    message: string,
    {
      hint,
      exitCode = EXIT.unexpected,
      cause,
    }: { readonly hint?: string; readonly exitCode?: ExitCode; readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.hint = hint;
    this.exitCode = exitCode;
  }
}
