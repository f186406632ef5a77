/** Bytes or text that are not in the format they claim to be; the message says where and what was expected. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly code = "format.malformed";
}

/** A public key or a request for a certificate that cannot be accepted. Codes as in the table of problems. */
export class KeyError extends Error {
  override readonly name = "KeyError";
  readonly code: "key.malformed" | "key.weak";

  constructor(code: "key.malformed" | "key.weak", message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Runs a parser of keys, so that malformed bytes inside it surface as `key.malformed`.
 *
 * @throws KeyError in place of any FormatError.
 */
export function asKeyError<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new KeyError("key.malformed", `${what}: ${error.message}`, { cause: error });
  }
}
