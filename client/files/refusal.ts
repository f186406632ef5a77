import { EXIT } from "../../protocol/exit-codes.ts";
import { codeOfError, Failure, messageOf } from "../terminal/failure.ts";

/** A path that keyclient does not write to, and why. */
export const refusePath = (path: string, why: string, wayOut: string): Failure =>
  new Failure(EXIT.unhealthy, `${path}: ${why}; nothing was written`, [wayOut]);

/** Puts the path that people know in front of a system error (`ENOSPC`, `EROFS`). */
export function explainSystemError(path: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const code = codeOfError(error);
  const hint = (code === undefined ? undefined : HINTS.get(code)) ?? `ls -ld ${path}`;
  return new Failure(
    EXIT.unhealthy,
    `${path}: ${REASONS.get(code ?? "") ?? messageOf(error)}`,
    [hint],
    {
      cause: error,
    },
  );
}

const REASONS = new Map([
  ["ENOSPC", "no space left on the device, the old files are untouched"],
  ["EDQUOT", "disk quota exceeded, the old files are untouched"],
  ["EROFS", "the file system is read-only, the old files are untouched"],
  ["EACCES", "permission denied"],
  ["EPERM", "operation not permitted"],
  ["EIO", "input/output error"],
]);
const HINTS = new Map([
  ["ENOSPC", "make room, then:  keyclient once"],
  ["EDQUOT", "make room, then:  keyclient once"],
  ["EROFS", "mount it writable, then:  keyclient once"],
  ["EACCES", "run keyclient as root"],
  ["EPERM", "run keyclient as root"],
]);
