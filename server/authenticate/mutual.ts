import type { FastifyReply, FastifyRequest } from "fastify";

/** What proves to the callers of requests that this is the server they mean (RFC 4559 §5: the answer's token). */
const proofs = new WeakMap<FastifyRequest, string>();

/** Keeps the base64 token until the request is answered. */
export const rememberProof = (request: FastifyRequest, token: string): void => {
  proofs.set(request, token);
};

const HEADER = "www-authenticate";
const UNAUTHORIZED = 401;

/**
 * Puts `WWW-Authenticate` into answers: the server's proof where the caller gave one, also beside a refusal; else,
 * to a caller without identity, the `schemes` that are taken (RFC 9110 §11.6.1).
 */
export function createMutualHook(
  schemes: readonly string[],
): (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: () => void) => void {
  return (request, reply, _payload, done) => {
    const proof = proofs.get(request);
    if (proof !== undefined) void reply.header(HEADER, `Negotiate ${proof}`);
    else if (reply.statusCode === UNAUTHORIZED && schemes.length > 0) {
      void reply.header(HEADER, schemes.join(", "));
    }
    done();
  };
}
