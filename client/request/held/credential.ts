import type { KeyObject } from "node:crypto";
import type { GrantOffer } from "../../../protocol/messages.ts";

/** A certificate that a person holds, with its private key; what `obtain` gives and the store keeps. */
export type HeldCredential = {
  readonly cluster: string;
  readonly grant: string;
  readonly authority: string;
  /** Whom it was given to, as the server calls them: `kerberos:P` or `ldap:U`. */
  readonly subject: string;
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly offer: GrantOffer;
} & (
  | {
      readonly form: "tls";
      readonly key: KeyObject;
      /** PEM, the leaf; the chain from the nearest intermediate; anchors of its authority. */
      readonly certificate: string;
      readonly chain: readonly string[];
      readonly anchors: readonly string[];
    }
  | {
      readonly form: "ssh";
      readonly key: KeyObject;
      /** One OpenSSH line. */
      readonly certificate: string;
      readonly principals: readonly string[];
    }
);

/** What of a held credential may be known without reading its key. */
export type CredentialSummary = Pick<
  HeldCredential,
  "cluster" | "grant" | "authority" | "subject" | "serial" | "notBefore" | "notAfter" | "form"
> & {
  /** SSH principals; empty for TLS. */
  readonly principals: readonly string[];
  /** Where the private key is: in files below the credential's folder, or only in the SSH agent. */
  readonly keyIn: "files" | "agent";
};
