import { hash } from "node:crypto";
import { parseRequest } from "../../keys/formats/certificate-request.ts";
import { KeyError } from "../../keys/formats/format-error.ts";
import { parseSshPublicKey } from "../../keys/formats/ssh-public-key.ts";
import type { SignRequest } from "../../keys/signer/messages.ts";
import type { KeyKind } from "../../policy/decision.ts";
import type { CertificateRequest } from "../../protocol/messages.ts";
import { KeysystemError } from "../../protocol/problems.ts";

/** The public key of a request, checked as far as it can be without using it. */
export type RequestedKey = {
  readonly form: "tls" | "ssh";
  readonly kind: KeyKind;
  /** SubjectPublicKeyInfo DER, or an SSH public key blob. */
  readonly bytes: Buffer;
  /** SHA-256 of `bytes`, hex. */
  readonly fingerprint: string;
  readonly proof?: NonNullable<SignRequest["proof"]>;
};

/**
 * Takes the key out of a request; nothing else in a PKCS#10 request has any effect.
 *
 * @throws KeysystemError `key.malformed`, `key.weak`, `request.malformed`
 */
export function parseRequestedKey(
  request: Pick<CertificateRequest, "grant" | "csr" | "publicKey">,
): RequestedKey {
  const { csr, publicKey } = request;
  if (csr !== undefined && publicKey !== undefined) {
    const detail = `grant ${request.grant}: send csr or publicKey, not both`;
    throw new KeysystemError("request.malformed", detail);
  }
  if (csr !== undefined) return translating(() => fromCsr(csr));
  if (publicKey !== undefined) return translating(() => fromSshLine(publicKey));
  const detail = `grant ${request.grant}: send csr (TLS) or publicKey (SSH)`;
  throw new KeysystemError("request.malformed", detail);
}

function fromCsr(pem: string): RequestedKey {
  const { key, signed, signature, hash: digest } = parseRequest(pem);
  return {
    form: "tls",
    kind: key.kind,
    bytes: key.spki,
    fingerprint: hash("sha256", key.spki, "hex"),
    proof: {
      signed: signed.toString("base64"),
      signature: signature.toString("base64"),
      hash: digest,
    },
  };
}

function fromSshLine(line: string): RequestedKey {
  const { kind, blob } = parseSshPublicKey(line);
  return { form: "ssh", kind, bytes: blob, fingerprint: hash("sha256", blob, "hex") };
}

function translating<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof KeyError) {
      throw new KeysystemError(error.code, error.message, { cause: error });
    }
    throw error;
  }
}
