import { derElement, derOid, derOctetString, derSequence } from "../../keys/formats/der-writer.ts";

/** Mechanisms that clients offer, as elements of DER. */
export const MECHANISM = {
  kerberos: derOid("2a864886f712010202"),
  microsoft: derOid("2a864882f712010202"),
  ntlm: derOid("2b06010401823702020a"),
  iakerb: derOid("2b0601050205"),
} as const;

const SPNEGO = derOid("2b0601050502");

/** Fields of NegTokenInit (RFC 4178 §4.2.1); those that are absent are left out. */
export type TokenParts = {
  /** The mechanism of the frame, SPNEGO when absent. */
  readonly frame?: Buffer;
  readonly mechanisms: readonly Buffer[];
  /** Whole element. */
  readonly flags?: Buffer;
  /** Content octets. */
  readonly token: Buffer | undefined;
  /** Whole element. */
  readonly checksum?: Buffer;
};

/** A first token of SPNEGO, well-formed whatever is in it. */
export function formatInitialToken(parts: TokenParts): Buffer {
  const { frame = SPNEGO, mechanisms, flags, token, checksum } = parts;
  const fields = [
    derElement(0xa0, derSequence(...mechanisms)),
    ...(flags === undefined ? [] : [derElement(0xa1, flags)]),
    ...(token === undefined ? [] : [derElement(0xa2, derOctetString(token))]),
    ...(checksum === undefined ? [] : [derElement(0xa3, checksum)]),
  ];
  return derElement(0x60, frame, derElement(0xa0, derSequence(...fields)));
}
