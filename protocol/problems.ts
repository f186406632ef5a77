/**
 * Every code that a client can see. A code is API: never renamed, never reused.
 *
 * `retry` says whether asking again, unchanged, can succeed.
 */
export const ERRORS = {
  "request.malformed": { status: 400, title: "The request is malformed" },
  "request.too_large": { status: 413, title: "The request is too large" },
  "request.media_type": { status: 415, title: "The request is not JSON" },
  "request.not_found": { status: 404, title: "There is nothing here" },
  "request.method": { status: 405, title: "The method is not allowed here" },
  "request.conflict": { status: 409, title: "The request conflicts with what is there" },
  "key.malformed": {
    status: 400,
    title: "The public key or request for a certificate is malformed",
  },
  "key.weak": { status: 400, title: "The key is too weak or of a kind that is not accepted" },
  "key.not_proven": { status: 400, title: "The request is not signed by the key in it" },
  "auth.required": { status: 401, title: "The request carries no identity" },
  "auth.certificate": { status: 401, title: "The client certificate is not accepted" },
  "auth.expired": { status: 401, title: "The client certificate has expired" },
  "auth.superseded": { status: 401, title: "A newer identity certificate has been used" },
  "auth.address": { status: 403, title: "The request comes from another address" },
  "auth.suspended": { status: 403, title: "The node is suspended" },
  "auth.forbidden": { status: 403, title: "The caller may not do this" },
  "auth.kerberos": { status: 401, title: "The Kerberos ticket is not accepted" },
  "auth.replayed": { status: 401, title: "The Kerberos token has been used before" },
  "auth.clock": { status: 401, title: "The clocks differ too much" },
  "auth.password": { status: 401, title: "The user name or the password is not accepted" },
  "auth.attempts": { status: 429, title: "There were too many wrong passwords" },
  "auth.unavailable": { status: 503, title: "Nobody can be authenticated this way now" },
  "directory.unavailable": { status: 503, title: "The directory cannot be reached" },
  "join.secret": { status: 401, title: "The join secret is not accepted" },
  "join.spent": { status: 409, title: "The join string has been used" },
  "policy.unknown_grant": { status: 404, title: "The policy has no such grant" },
  "policy.not_granted": { status: 403, title: "The grant is not given to the caller" },
  "policy.address": { status: 403, title: "The grant is not given from this address" },
  "policy.lifetime_too_long": { status: 403, title: "The lifetime is longer than allowed" },
  "policy.reason_required": { status: 403, title: "The grant needs a reason" },
  "policy.choice": { status: 403, title: "The choice is not offered by the grant" },
  "policy.key_kind": { status: 403, title: "The authority does not take this kind of key" },
  "policy.unknown_node": { status: 404, title: "The policy names no such node" },
  "policy.name_collision": { status: 403, title: "A name collides with a reserved one" },
  "policy.never": { status: 403, title: "A never rule forbids it" },
  "server.busy": { status: 503, title: "The server is busy" },
  "server.not_ready": { status: 503, title: "The server cannot sign now" },
  "signer.refused": { status: 403, title: "The signer refuses" },
  "signer.unavailable": { status: 503, title: "The signer cannot be reached" },
  "ledger.unavailable": { status: 503, title: "The ledger cannot be written" },
  internal: { status: 500, title: "Internal error" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** `code` and `message` are written for the caller; what only an operator may read goes in `cause`. */
export class KeysystemError extends Error {
  override readonly name = "KeysystemError";
  readonly code: ErrorCode;
  /** Seconds after which the same request may succeed, where that is known. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: ErrorOptions & { readonly retryAfter?: number },
  ) {
    super(message, options);
    this.code = code;
    this.retryAfter = options?.retryAfter;
  }
}

/** Problem details (RFC 9457 §3). `type` is `urn:keysystem:error:` and the code. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
};

const TYPE_PREFIX = "urn:keysystem:error:";

/** Renders an error as problem details. One that we did not make shows nothing of itself. */
export function toProblem(error: unknown): Problem {
  if (!(error instanceof KeysystemError)) return problemOf("internal");
  return problemOf(error.code, error.message);
}

/** Problem details for a code. */
export function problemOf(code: ErrorCode, detail?: string): Problem {
  const { status, title } = ERRORS[code];
  return { type: TYPE_PREFIX + code, title, status, ...(detail === undefined ? {} : { detail }) };
}

/** The stable code in a problem's `type`; `internal` when it is none of ours. */
export function codeOf(problem: Pick<Problem, "type">): ErrorCode {
  const code = problem.type.startsWith(TYPE_PREFIX) ? problem.type.slice(TYPE_PREFIX.length) : "";
  return isErrorCode(code) ? code : "internal";
}

const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERRORS, text);
