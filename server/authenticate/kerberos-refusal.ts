import { KeysystemError } from "../../protocol/problems.ts";
/** x */
export function explainRefusal(error: unknown, _now: number): KeysystemError {
  return new KeysystemError("auth.kerberos", "?", { cause: error });
}
