/** Object identifiers, as hex of their content octets (X.690 §8.19). */
export const OID = {
  /** 1.2.840.10045.2.1 */
  ecPublicKey: "2a8648ce3d0201",
  /** 1.2.840.113549.1.1.1 */
  rsaEncryption: "2a864886f70d010101",
  /** 1.3.101.112 (RFC 8410) */
  ed25519: "2b6570",
  /** 2.5.4.3 */
  commonName: "550403",
  /** 2.5.4.10 */
  organization: "55040a",
  /** 2.5.29.14 */
  subjectKeyIdentifier: "551d0e",
  /** 2.5.29.15 */
  keyUsage: "551d0f",
  /** 2.5.29.17 */
  subjectAltName: "551d11",
  /** 2.5.29.19 */
  basicConstraints: "551d13",
  /** 2.5.29.35 */
  authorityKeyIdentifier: "551d23",
  /** 2.5.29.37 */
  extendedKeyUsage: "551d25",
  /** 1.3.6.1.5.5.7.3.1 */
  serverAuth: "2b06010505070301",
  /** 1.3.6.1.5.5.7.3.2 */
  clientAuth: "2b06010505070302",
} as const;
