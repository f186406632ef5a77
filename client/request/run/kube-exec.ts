import { Type } from "typebox";
import { Check } from "typebox/value";
import { EXIT } from "../../../protocol/exit-codes.ts";
import { formatKey } from "../../credential/make-key.ts";
import { formatTime } from "../../terminal/duration.ts";
import { Failure } from "../../terminal/failure.ts";
import type { HeldTls } from "../held/client-certificate.ts";
import type { Environment } from "../deps.ts";
import type { Terminal } from "../terminal-prompt.ts";

/** What kubectl wants of its exec plugin. */
export type ExecRequest = {
  /** What the answer has to repeat. */
  readonly apiVersion: string;
  /** Whether the person may be asked; undefined where nobody says so: no kubectl asks, or one before 1.22. */
  readonly interactive?: boolean;
};

/** Of `client.authentication.k8s.io`; v1alpha1, which kubectl dropped with 1.24, is no different in what we use. */
const ExecInfo = Type.Object({
  apiVersion: Type.String({ pattern: "^client\\.authentication\\.k8s\\.io/v1(?:alpha1|beta1)?$" }),
  kind: Type.Literal("ExecCredential"),
  spec: Type.Optional(Type.Object({ interactive: Type.Optional(Type.Boolean()) })),
});

/** Reads `KUBERNETES_EXEC_INFO`. @throws Failure (exit 2) for what is no ExecCredential of a known version. */
export function readExecInfo(environment: Environment): ExecRequest {
  const text = environment["KUBERNETES_EXEC_INFO"];
  if (text === undefined || text === "") return { apiVersion: "client.authentication.k8s.io/v1" };
  const value = parseJson(text);
  if (!Check(ExecInfo, value)) {
    throw new Failure(
      EXIT.usage,
      "KUBERNETES_EXEC_INFO holds no ExecCredential of version v1 or v1beta1",
      ["in the kubeconfig:  apiVersion: client.authentication.k8s.io/v1"],
    );
  }
  const interactive = value.spec?.interactive;
  return { apiVersion: value.apiVersion, ...(interactive === undefined ? {} : { interactive }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The one answer of an exec plugin, JSON in one line: certificate with its chain, and key.
 *
 * kubectl asks again when the certificate has ended, or when the API refuses it.
 */
export function formatExecCredential(
  { apiVersion }: ExecRequest,
  { certificate, chain, key, notAfter }: HeldTls,
): string {
  const status = {
    expirationTimestamp: formatTime(notAfter),
    clientCertificateData: joinPem([certificate, ...chain]),
    clientKeyData: formatKey(key),
  };
  return `${JSON.stringify({ apiVersion, kind: "ExecCredential", status })}\n`;
}

const joinPem = (parts: readonly string[]): string =>
  parts.map((part) => `${part.trimEnd()}\n`).join("");

/** The terminal, for a plugin whose kubectl lets nobody be asked: it refuses every question. */
export const silenced = (terminal: Terminal, { interactive }: ExecRequest): Terminal =>
  interactive === false
    ? { isInteractive: () => false, ask: refuseToAsk, askSecret: refuseToAsk }
    : terminal;

const refuseToAsk = (question: string): Promise<string> =>
  Promise.reject(
    new Failure(EXIT.unauthenticated, `kubectl lets nobody be asked: ${question.trim()}`, [
      "first:  keyreq kube      then the same command again",
    ]),
  );
