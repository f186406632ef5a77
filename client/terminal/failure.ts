import type { ExitCode } from "../../protocol/exit-codes.ts";

/**
 * What ends a command: one message, the exit code, and the next commands to run.
 *
 * `hints` is never empty in what reaches a person: every error ends with a way on.
 */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exit: ExitCode;
  readonly hints: readonly string[];

  constructor(exit: ExitCode, message: string, hints: readonly string[], options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
    this.hints = hints;
  }
}

/** The text of anything that was thrown, without a stack. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The `code` of a system error (`ENOENT`), where there is one. */
export const codeOfError = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
