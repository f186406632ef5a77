/**
 * Whom a fault concerns: the directory as a whole, one person's entry, or this server, which has too many questions.
 */
export type Concern = "directory" | "person" | "load";

/**
 * Why a directory gave no answer. `message` follows the directory's name, for the caller: `shows a certificate that
 * has expired`; it holds no secret and no entry. `cause` is for the operator.
 */
export class LdapFault extends Error {
  override readonly name = "LdapFault";
  readonly concern: Concern;
  /** Whether the connection was lost before an answer, so that another may do. */
  readonly isBroken: boolean;

  constructor(
    message: string,
    {
      concern = "directory",
      isBroken = false,
      cause,
    }: {
      readonly concern?: Concern;
      readonly isBroken?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause });
    this.concern = concern;
    this.isBroken = isBroken;
  }
}

/** What is to say about an error of a socket or of TLS; the fault itself when it is one already. */
export function explainConnection(error: unknown): LdapFault {
  if (error instanceof LdapFault) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = WORDS.get(code) ?? (code.startsWith("ERR_SSL") ? NO_TLS : "does not answer");
  return new LdapFault(message, { isBroken: BROKEN.has(code), cause: error });
}

const NO_TLS = "does not speak TLS as it should";
const UNKNOWN_AUTHORITY = "shows a certificate of an authority that is not trusted";

const WORDS: ReadonlyMap<string, string> = new Map([
  ["CERT_HAS_EXPIRED", "shows a certificate that has expired"],
  ["CERT_NOT_YET_VALID", "shows a certificate that is not valid yet"],
  ["CERT_REVOKED", "shows a certificate that is revoked"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "shows a certificate for another name"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", UNKNOWN_AUTHORITY],
  ["UNABLE_TO_GET_ISSUER_CERT", UNKNOWN_AUTHORITY],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", UNKNOWN_AUTHORITY],
  ["SELF_SIGNED_CERT_IN_CHAIN", UNKNOWN_AUTHORITY],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", UNKNOWN_AUTHORITY],
  ["CERT_SIGNATURE_FAILURE", UNKNOWN_AUTHORITY],
  ["INVALID_PURPOSE", "shows a certificate that is not for servers"],
  ["EPROTO", NO_TLS],
  ["ECONNREFUSED", "takes no connections"],
  ["ECONNRESET", "ends connections before it answers"],
  ["EPIPE", "ends connections before it answers"],
  ["ENOTFOUND", "has no address"],
  ["EAI_AGAIN", "has no address that could be found now"],
  ["EHOSTUNREACH", "cannot be reached"],
  ["ENETUNREACH", "cannot be reached"],
  ["ETIMEDOUT", "does not answer"],
]);

const BROKEN: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE"]);
