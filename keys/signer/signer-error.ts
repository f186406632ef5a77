/** What can go wrong around the signer, other than a request that is refused. */
export type SignerErrorCode =
  /** There is an authority of that name already. */
  | "authority.exists"
  /** Files of an authority are missing or do not belong together. */
  | "authority.damaged"
  /** The sealing secret does not open a key. */
  | "seal.wrong"
  /** The signer's own configuration, or a policy that it cannot read. */
  | "configuration.invalid"
  /** The socket is in use by another signer. */
  | "socket.busy"
  /** The other side does not keep to messages.ts. */
  | "signer.protocol"
  /** No answer from the signer. */
  | "signer.unavailable";

/** The message is for the operator: what, where, and what to do. */
export class SignerError extends Error {
  override readonly name = "SignerError";
  readonly code: SignerErrorCode;

  constructor(code: SignerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The text of whatever was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
