import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { problemOf, type Problem } from "../../protocol/problems.ts";
import { HEADER_LIMIT } from "./limits.ts";

/** Answers bytes that never became a request, as problem details too, and closes the connection. */
export function answerClientError(error: Error, socket: Socket): void {
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNRESET" || socket.destroyed) return;
  if (socket.writable) socket.write(formatAnswer(problemFor(code)));
  socket.destroy(error);
}

/** Statuses of RFC 6585 §5 and RFC 9110 §15.5.9, which only such a connection can get. */
function problemFor(code: unknown): Problem {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return {
        ...problemOf(
          "request.too_large",
          `the request line and headers are longer than ${HEADER_LIMIT} bytes`,
        ),
        status: 431,
      };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return {
        ...problemOf("request.malformed", "the request did not arrive in time"),
        status: 408,
      };
    default:
      return problemOf("request.malformed", "this is not a request of HTTP/1.1");
  }
}

function formatAnswer(problem: Problem): string {
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ""}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}
