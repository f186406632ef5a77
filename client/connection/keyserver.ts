import type { Static, TSchema } from "typebox";
import { Check } from "typebox/value";
import { IssuedToken, type NewToken } from "../../protocol/admin-messages.ts";
import { formatSecret } from "../../protocol/join-string.ts";
import {
  CertificateResults,
  Grants,
  JoinResult,
  ProblemSchema,
  Trust,
  type CertificateRequest,
} from "../../protocol/messages.ts";
import { ADMIN_PATHS, PATHS } from "../../protocol/paths.ts";
import { codeOf, KeysystemError, type Problem } from "../../protocol/problems.ts";
import type { Answer, Transport } from "./transport.ts";

/** The keyserver as a node or a person sees it. Every call throws KeysystemError for a problem that the server states. */
export type Keyserver = {
  readonly join: (secret: Uint8Array, csr: string) => Promise<JoinResult>;
  /** In the order of the requests; at most 32 of them. */
  readonly certificates: (
    requests: readonly CertificateRequest[],
  ) => Promise<CertificateResults["results"]>;
  readonly grants: () => Promise<Grants>;
  readonly trust: () => Promise<Trust>;
  /** A join string for a node. */
  readonly token: (request: NewToken) => Promise<IssuedToken>;
};

/** Speaks protocol/messages.ts over a transport; `observe` sees every answer before it is judged. */
export function createKeyserver(
  transport: Transport,
  observe: (answer: Answer) => void,
): Keyserver {
  const ask = async <T extends TSchema>(schema: T, call: Parameters<Transport["call"]>[0]) => {
    const answer = await transport.call(call);
    observe(answer);
    return parseAnswer(schema, answer);
  };
  return {
    join: (secret, csr) => {
      const authorization = `Join ${formatSecret(secret)}`;
      return ask(JoinResult, { method: "POST", path: PATHS.join, body: { csr }, authorization });
    },
    async certificates(requests) {
      const call = { method: "POST", path: PATHS.certificates, body: { requests } } as const;
      const { results } = await ask(CertificateResults, call);
      if (results.length === requests.length) return results;
      throw new KeysystemError(
        "internal",
        `${results.length} answers to ${requests.length} requests`,
      );
    },
    grants: () => ask(Grants, { method: "GET", path: PATHS.grants }),
    trust: () => ask(Trust, { method: "GET", path: PATHS.trust }),
    token: (request) =>
      ask(IssuedToken, { method: "POST", path: ADMIN_PATHS.tokens, body: request }),
  };
}

/** The error that a problem of the server stands for. */
export const errorOf = (problem: Problem | Static<typeof ProblemSchema>): KeysystemError =>
  new KeysystemError(codeOf(problem), printable(problem.detail ?? problem.title));

/** What a server wrote, harmless on a terminal. */
const printable = (text: string): string => text.slice(0, 2000).replaceAll(/\p{C}/gu, "?");

function parseAnswer<T extends TSchema>(schema: T, { status, body, server }: Answer): Static<T> {
  if (status >= 400) {
    throw Check(ProblemSchema, body)
      ? errorOf(body)
      : new KeysystemError("internal", `${server} answered ${status} and no reason`);
  }
  if (Check(schema, body)) return body;
  throw new KeysystemError("internal", `${server} answered what this program does not understand`);
}
