import { EXIT } from "../../protocol/exit-codes.ts";
import { codeOfError, Failure, messageOf } from "../terminal/failure.ts";

/** An exchange that did not happen. `final`: another server or another time does not help. */
export type ConnectionFailure = { readonly failure: Failure; readonly final: boolean };

/** Why no exchange with `server` took place. */
export function connectionFailure(server: string, error: unknown): ConnectionFailure {
  const code = codeOfError(error) ?? (error instanceof Error ? error.name : "");
  const trust = TRUST.get(code);
  if (trust !== undefined) {
    const hint = "compare the pin:  keyserver authority pin  on the master";
    return {
      final: true,
      failure: new Failure(EXIT.unauthenticated, `${server}: ${trust}`, [hint], { cause: error }),
    };
  }
  const reason = REASONS.get(code) ?? messageOf(error);
  return { final: false, failure: unreachable([`${server}: ${reason}`], error) };
}

/** Nobody answered. */
export const unreachable = (failures: readonly string[], cause?: unknown): Failure =>
  new Failure(
    EXIT.unreachable,
    failures.join("; "),
    ["see on the master:  keyserver status      here it is tried again by itself"],
    { cause },
  );

/** Certificate times that only a wrong clock on one side explains. */
export const isAboutTime = (error: unknown): boolean =>
  error instanceof Failure && TIMES.has(codeOfError(error.cause) ?? "");

const TIMES = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

const TRUST = new Map([
  ["CERT_HAS_EXPIRED", "the server's certificate has expired by this machine's clock"],
  ["CERT_NOT_YET_VALID", "the server's certificate is not yet valid by this machine's clock"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "the server is not of this cluster's authority"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "the server is not of this cluster's authority"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "the server is not of this cluster's authority"],
  ["UNABLE_TO_GET_ISSUER_CERT", "the server is not of this cluster's authority"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "the server is not of this cluster's authority"],
  ["CERT_SIGNATURE_FAILURE", "the server's certificate is forged"],
  ["INVALID_PURPOSE", "the server shows a certificate that is not for servers"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "the server's certificate is for another name"],
]);

const REASONS = new Map([
  ["ECONNREFUSED", "nobody listens there (connection refused)"],
  ["EHOSTUNREACH", "no way there (host unreachable)"],
  ["ENETUNREACH", "no way there (network unreachable)"],
  ["ENOTFOUND", "the name is not known"],
  ["EAI_AGAIN", "the name cannot be looked up now"],
  ["ETIMEDOUT", "no answer in time"],
  ["TimeoutError", "no answer in time"],
  ["ABORT_ERR", "no answer in time"],
  ["ECONNRESET", "the connection was cut"],
  ["EADDRNOTAVAIL", "source-address in client.yaml is no address of this machine"],
]);
