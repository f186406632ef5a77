// @peculiar/x509 needs the metadata of decorators to be there before it is loaded.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { randomBytes, webcrypto, type KeyObject } from "node:crypto";
import { readPublicKey } from "../formats/public-key.ts";
import type { AuthorityKeyKind } from "./authority-key.ts";
import { keyIdentifier } from "./key-identifier.ts";

/** Years for which an authority is made. */
const YEARS = 10;
/** Seconds by which an authority's notBefore lies before now, for nodes whose clock is behind. */
const BACKDATE = 3600;

/**
 * The self-signed certificate of a TLS authority (RFC 5280 §4.2.1.9): CA:TRUE with path length 0,
 * signs certificates and CRLs, 20 random octets of serial number, valid for ten years.
 *
 * `now` is in seconds since 1970. Gives PEM.
 */
export async function createAuthorityCertificate({
  commonName,
  keyKind,
  privateKey,
  publicKey,
  now,
}: {
  readonly commonName: string;
  readonly keyKind: AuthorityKeyKind;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly now: number;
}): Promise<string> {
  const { imported, signing } = ALGORITHMS[keyKind];
  const spki = publicKey.export({ type: "spki", format: "der" });
  const keys = {
    privateKey: privateKey.toCryptoKey(imported, false, ["sign"]),
    publicKey: publicKey.toCryptoKey(imported, true, ["verify"]),
  };
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: randomSerial(),
      name: [{ CN: [commonName] }],
      ...validityOf(now),
      keys,
      signingAlgorithm: signing,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        new SubjectKeyIdentifierExtension(keyIdentifier(readPublicKey(spki).bits).toString("hex")),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString("pem").trim()}\n`;
}

/** Algorithms of Web Crypto for each kind of authority key: of the key, and of its signature. */
const ALGORITHMS = {
  "ecdsa-p256": {
    imported: { name: "ECDSA", namedCurve: "P-256" },
    signing: { name: "ECDSA", hash: "SHA-256" },
  },
  "ecdsa-p384": {
    imported: { name: "ECDSA", namedCurve: "P-384" },
    signing: { name: "ECDSA", hash: "SHA-384" },
  },
  ed25519: { imported: { name: "Ed25519" }, signing: { name: "Ed25519" } },
  "rsa-3072": {
    imported: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    signing: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  },
} as const;

function validityOf(now: number): { notBefore: Date; notAfter: Date } {
  const notBefore = new Date((now - BACKDATE) * 1000);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + YEARS);
  return { notBefore, notAfter };
}

/** Top bit clear and never zero, so that it is positive and has 20 octets. */
function randomSerial(): string {
  const serial = randomBytes(20);
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
  return serial.toString("hex");
}
