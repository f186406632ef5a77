import type { Ask, Subject } from "../../policy/decision.ts";
import type { SignatureHash } from "../formats/signature-algorithm.ts";
import { FormatError, KeyError } from "../formats/format-error.ts";

/** That the private key is held: a CertificationRequestInfo (RFC 2986 §4.1) and its signature. */
export type Proof = {
  readonly signed: Buffer;
  readonly signature: Buffer;
  readonly hash: SignatureHash;
};

/** A SignRequest of messages.ts, decoded: what keyserver claims, every part of which is checked. */
export type Claim = {
  readonly serial: string;
  readonly subject: Subject;
  readonly ask: Omit<Ask, "key">;
  /** Seconds since 1970. */
  readonly at: number;
  /** SubjectPublicKeyInfo with a proof, an SSH key blob without. */
  readonly publicKey: Buffer;
  readonly proof?: Proof;
};

/** A certificate that was made, checked and may be handed out. */
export type Issued = {
  readonly authority: string;
  readonly grant: string;
  /** DER, or the SSH blob. */
  readonly certificate: Buffer;
  /** Seconds since 1970, both inclusive, for SSH too. */
  readonly notBefore: number;
  readonly notAfter: number;
};

/** Why there is none. `code` is one of the codes of problems, as text. */
export type Refused = { readonly refused: string; readonly detail: string };

/** What becomes of a claim. */
export type Outcome = Issued | Refused;

/** Thrown inside the signer to refuse a claim; becomes {@link Refused}. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A refusal for whatever was thrown; a fault of ours shows as `internal`, its text for the operator's log. */
export function toRefused(error: unknown): Refused {
  if (error instanceof Refusal || error instanceof KeyError) {
    return { refused: error.code, detail: error.message };
  }
  if (error instanceof FormatError) return { refused: "signer.refused", detail: error.message };
  return { refused: "internal", detail: error instanceof Error ? error.message : String(error) };
}
