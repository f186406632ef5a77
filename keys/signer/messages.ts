import type { Subject } from "../../policy/decision.ts";

/**
 * The closed table of what keyserver may ask of keysigner (docs/protocol.md §signer).
 *
 * Frames: a 4-byte big-endian length and that many bytes of UTF-8 JSON, at most 4 MiB. Binary is
 * base64, times are whole seconds since 1970, serials are lower-case hex. A request carries a
 * claim (who, which grant, which key), never a certificate: the signer decides by its own copy of
 * the policy and builds the certificate itself.
 */
export type SignRequest = {
  /** The ledger's intent: the serial number under which it was recorded. 40 hex digits for TLS, 16 for SSH. */
  readonly serial: string;
  readonly subject: Subject;
  readonly grant: string;
  readonly from?: string;
  readonly lifetime?: number;
  readonly choose?: readonly string[];
  readonly reason?: string;
  /** Now, as keyserver sees it; refused when it is more than 60 s off the signer's own clock. */
  readonly at: number;
  /** SubjectPublicKeyInfo DER for TLS, an SSH public key blob for SSH. */
  readonly publicKey: string;
  /** Proof of possession, TLS only: the signed part of the PKCS#10 request, and its signature. */
  readonly proof?: {
    readonly signed: string;
    readonly signature: string;
    readonly hash: "sha256" | "sha384" | "sha512" | "none";
  };
};

/** keyserver's own certificate: authority `nodes`, server usage, the names of the signer's own configuration. */
export type SignServerRequest = {
  readonly serial: string;
  readonly at: number;
  readonly publicKey: string;
  readonly proof: NonNullable<SignRequest["proof"]>;
};

/** The operations; `id` comes back in the reply. */
export type SignerRequest =
  | {
      readonly id: number;
      readonly op: "sign";
      readonly policy: string;
      readonly batch: readonly SignRequest[];
    }
  | { readonly id: number; readonly op: "sign-server"; readonly request: SignServerRequest }
  | { readonly id: number; readonly op: "authorities" }
  | { readonly id: number; readonly op: "reload" }
  | { readonly id: number; readonly op: "status" };

/** What became of one request of a batch; `notBefore` and `notAfter` are inclusive, for SSH too. */
export type SignResult =
  /** DER of the certificate, or the SSH certificate blob. */
  | { readonly certificate: string; readonly notBefore: number; readonly notAfter: number }
  | { readonly refused: string; readonly detail: string };

/** What everyone may know of an authority. */
export type AuthorityInfo = {
  readonly name: string;
  readonly kind: "tls" | "ssh-host" | "ssh-user";
  readonly key: string;
  /** PEM certificate, or `ssh-… AAAA…` line. */
  readonly anchor: string;
  /** SHA-256 of the SubjectPublicKeyInfo, or of the SSH key blob, hex. */
  readonly fingerprint: string;
  readonly notAfter?: number;
};

/** In the order of the requests; `error` with id 0 ends the connection. */
export type SignerReply =
  | { readonly id: number; readonly results: readonly SignResult[] }
  | { readonly id: number; readonly authorities: readonly AuthorityInfo[] }
  | { readonly id: number; readonly policy: string; readonly signed: number }
  | { readonly id: number; readonly error: string };
