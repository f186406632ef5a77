import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import {
  type ErrorCode,
  KeysystemError,
  type Problem,
  toProblem,
} from "../../protocol/problems.ts";

/** Seconds after which a client that was sent away may come back. */
const RETRY_AFTER = 5;

/** What fastify itself refuses, in our codes. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "request.media_type",
  FST_ERR_CTP_INVALID_JSON_BODY: "request.malformed",
  FST_ERR_CTP_EMPTY_JSON_BODY: "request.malformed",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "request.malformed",
  FST_ERR_CTP_BODY_TOO_LARGE: "request.too_large",
  FST_ERR_VALIDATION: "request.malformed",
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
  await sendProblem(reply, problem);
}

/** Answers a path or method that does not exist. */
export async function answerNotFound(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const detail = `no ${request.method} at this path; see /v1/openapi.json`;
  await sendProblem(reply, toProblem(new KeysystemError("request.not_found", detail)));
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
  if (code === "request.media_type") return "send Content-Type: application/json";
  if ("validation" in error && error.validation !== undefined) {
    return error.validation.map(readValidation).join("; ");
  }
  return error.message;
}

type Validation = NonNullable<FastifyError["validation"]>[number];

function readValidation({ instancePath, message, params }: Validation): string {
  const extra = params["additionalProperty"];
  const what = typeof extra === "string" ? `unknown field ${JSON.stringify(extra)}` : message;
  return `${instancePath === "" ? "body" : instancePath}: ${what ?? "invalid"}`;
}

async function sendProblem(reply: FastifyReply, problem: Problem): Promise<void> {
  if (problem.status === 503) void reply.header("retry-after", RETRY_AFTER);
  await reply.code(problem.status).type("application/problem+json").send(problem);
}
