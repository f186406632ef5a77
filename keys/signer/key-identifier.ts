import { hash } from "node:crypto";

/**
 * A key identifier by RFC 7093 §2 method 1: the first 160 bits of SHA-256 of the BIT STRING's
 * content in a SubjectPublicKeyInfo.
 */
export const keyIdentifier = (bits: Buffer): Buffer =>
  hash("sha256", bits, "buffer").subarray(0, 20);
