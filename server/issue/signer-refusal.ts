import type { SignResult } from "../../keys/signer/messages.ts";
import { ERRORS, type ErrorCode, KeysystemError } from "../../protocol/problems.ts";

type Refusal = Extract<SignResult, { readonly refused: string }>;

/** Whether the signer refused. */
export const isRefused = (result: SignResult): result is Refusal => "refused" in result;

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

/** The signer's refusal as an error for the caller; a code that is not in the table becomes `signer.refused`. */
export const refusalOf = ({ refused, detail }: Refusal): KeysystemError =>
  new KeysystemError(isKnown(refused) ? refused : "signer.refused", detail);
