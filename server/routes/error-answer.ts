import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import {
  type ErrorCode,
  KeysystemError,
  type Problem,
  problemOf,
  toProblem,
} from "../../protocol/problems.ts";
import type { KnownMethods } from "./known-methods.ts";
import { BODY_LIMIT } from "./limits.ts";
import { explainValidation } from "./validation-words.ts";

/** Seconds after which a client that was sent away may come back, where nobody knows better. */
const RETRY_AFTER = 5;

/** What fastify itself refuses, in our codes. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "request.media_type",
  FST_ERR_CTP_INVALID_JSON_BODY: "request.malformed",
  FST_ERR_CTP_EMPTY_JSON_BODY: "request.malformed",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "request.malformed",
  FST_ERR_CTP_BODY_TOO_LARGE: "request.too_large",
  FST_ERR_VALIDATION: "request.malformed",
  FST_ERR_BAD_URL: "request.malformed",
  FST_ERR_MAX_PARAM_LENGTH: "request.malformed",
};

/** Answers a failed request with problem details (RFC 9457); an error that is not ours shows nothing of itself. */
export async function answerError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const ours = toOurs(error);
  const problem = toProblem(ours);
  const { method, url } = request;
  // What a caller did wrong is one short line; what went wrong here keeps its stack.
  if (problem.status >= 500) request.log.error({ err: ours, method, url }, problem.title);
  else request.log.info({ type: problem.type, detail: problem.detail, method, url }, "refused");
  await sendProblem(reply, problem, ours instanceof KeysystemError ? ours.retryAfter : undefined);
}

/** Answers a path that does not exist, or a method that its path does not take (RFC 9110 §15.5.6). */
export const createNotFoundAnswer =
  (methodsOf: KnownMethods) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const methods = methodsOf(request.url.split("?")[0] ?? "");
    if (methods.length === 0) {
      const detail = "nothing is at this path; see /v1/openapi.json";
      await sendProblem(reply, problemOf("request.not_found", detail));
      return;
    }
    const allowed = methods.join(", ");
    const detail = `this path takes ${allowed}, not ${request.method}`;
    void reply.header("allow", allowed);
    await sendProblem(reply, problemOf("request.method", detail));
  };

/** The code that an error is answered with. */
export function codeOf(error: FastifyError | Error): ErrorCode {
  const ours = toOurs(error);
  return ours instanceof KeysystemError ? ours.code : "internal";
}

function toOurs(error: FastifyError | Error): Error {
  if (error instanceof KeysystemError) return error;
  const code = "code" in error ? error.code : undefined;
  if (code === "ledger.unavailable" || code === "signer.unavailable") {
    return new KeysystemError(code, "nothing was issued; ask again later", { cause: error });
  }
  const known = code === undefined ? undefined : FASTIFY_CODES[code];
  if (known === undefined) return error;
  return new KeysystemError(known, detailOf(error, known), { cause: error });
}

function detailOf(error: FastifyError | Error, code: ErrorCode): string {
  if ("validation" in error && error.validation !== undefined) {
    return error.validation.map(explainValidation).join("; ");
  }
  if (code === "request.media_type") return "send Content-Type: application/json";
  if (code === "request.too_large") {
    return `the body is larger than ${BODY_LIMIT} bytes; send fewer requests at once`;
  }
  return ("code" in error ? FASTIFY_WORDS[error.code] : undefined) ?? error.message;
}

/** Where fastify's own words would not help the caller. */
const FASTIFY_WORDS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: "the body is not JSON (RFC 8259)",
  FST_ERR_CTP_EMPTY_JSON_BODY: "the body is empty; send JSON",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "Content-Length is not the length of the body",
  FST_ERR_BAD_URL: "the path is not well-formed: % stands before two hexadecimal digits",
  FST_ERR_MAX_PARAM_LENGTH: "a part of the path is too long",
};

async function sendProblem(
  reply: FastifyReply,
  problem: Problem,
  retryAfter = RETRY_AFTER,
): Promise<void> {
  if (problem.status === 503 || problem.status === 429)
    void reply.header("retry-after", retryAfter);
  await reply.code(problem.status).type("application/problem+json").send(problem);
}
