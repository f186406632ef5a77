import { Type, type Static } from "typebox";

const Text = Type.String();

/** Why a credential could not be had, and when to ask again. */
export const Setback = Type.Object({
  /** A code of protocol/problems.ts, or `local`, `unreachable`. */
  code: Text,
  message: Text,
  /** RFC 3339: when this began. */
  since: Text,
  /** How often it has happened in a row. */
  count: Type.Integer(),
  /** RFC 3339: not before this. */
  next: Text,
});
export type Setback = Static<typeof Setback>;

/** What is on disk of a credential, as of its last installation. Times are RFC 3339. */
export const CredentialRecord = Type.Object({
  grant: Text,
  authority: Text,
  serial: Text,
  notBefore: Text,
  notAfter: Text,
  /** When it was put in place, by the server's clock. */
  issued: Text,
  renewAfter: Text,
  renewBefore: Text,
  /** The certificate itself: DER or SSH blob, base64; what a probe must find. */
  certificate: Text,
  /**
   * `due`: files are in place and the service has not been told; `failed`: it was, and the hook
   * said no; `rolled-back`: the service broke and has its previous files again.
   */
  reload: Type.Union([
    Type.Literal("due"),
    Type.Literal("done"),
    Type.Literal("failed"),
    Type.Literal("rolled-back"),
  ]),
  /** Whether the service answered with a certificate before this one was put in place. */
  answered: Type.Boolean(),
});
export type CredentialRecord = Static<typeof CredentialRecord>;
