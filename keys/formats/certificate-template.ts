import type { TlsContent } from "../../policy/decision.ts";
import { TAG } from "./der-reader.ts";
import {
  derBitString,
  derElement,
  derHeader,
  derOctetString,
  derOid,
  derSequence,
  derUnsigned,
  derUtf8,
} from "./der-writer.ts";
import { parseAddress } from "./ip-address.ts";
import { OID } from "./object-identifiers.ts";
import type { SignatureAlgorithm } from "./signature-algorithm.ts";
import { derTime } from "./time.ts";

/** The authority of a certificate, as far as its bytes go into it. */
export type Issuer = {
  /** Its subject, a Name in DER. */
  readonly name: Buffer;
  /** Its subjectKeyIdentifier, 20 octets. */
  readonly keyId: Buffer;
  readonly algorithm: SignatureAlgorithm;
};

/** Everything of a TBSCertificate that is the same for each certificate of a plan, already encoded. */
export type CertificateTemplate = {
  readonly algorithm: SignatureAlgorithm;
  /** From version to before the serial number. */
  readonly version: Buffer;
  /** Signature algorithm and issuer. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** Extensions up to the last one's content, the subjectKeyIdentifier. */
  readonly extensions: Buffer;
};

/** What a template leaves open. Times are seconds since 1970, both inclusive. */
export type CertificateBlanks = {
  /** Big-endian; 20 octets. */
  readonly serial: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spki: Buffer;
  /** 20 octets (RFC 7093 §2 method 1). */
  readonly keyId: Uint8Array;
};

/** Octets of a key identifier. */
const KEY_ID_LENGTH = 20;
const CRITICAL = Buffer.of(TAG.boolean, 1, 0xff);
const VERSION_3 = derElement(0xa0, derUnsigned(Buffer.of(2)));
/** KeyUsage (RFC 5280 §4.2.1.3): digitalSignature; with keyEncipherment for the key transport of RSA. */
const DIGITAL_SIGNATURE = Buffer.of(TAG.bitString, 2, 7, 0x80);
const DIGITAL_SIGNATURE_KEY_ENCIPHERMENT = Buffer.of(TAG.bitString, 2, 5, 0xa0);

/** Encodes what is constant in certificates with this content; `rsa` says whether the leaf key is RSA. */
export function createTemplate(
  content: TlsContent,
  issuer: Issuer,
  options: { readonly rsa: boolean },
): CertificateTemplate {
  return {
    algorithm: issuer.algorithm,
    version: VERSION_3,
    issuer: Buffer.concat([issuer.algorithm.identifier, issuer.name]),
    subject: encodeSubject(content),
    extensions: encodeExtensions(content, issuer.keyId, options.rsa),
  };
}

/** Fills a template in: the TBSCertificate (RFC 5280 §4.1), ready to be signed. */
export function fillTemplate(template: CertificateTemplate, blanks: CertificateBlanks): Buffer {
  if (blanks.keyId.length !== KEY_ID_LENGTH) throw new TypeError("key identifier of wrong length");
  const { version, issuer, subject, extensions } = template;
  const validity = derSequence(derTime(blanks.notBefore), derTime(blanks.notAfter));
  const serial = derUnsigned(blanks.serial);
  const { spki, keyId } = blanks;
  return derSequence(version, serial, issuer, validity, subject, spki, extensions, keyId);
}

/** Puts certificate and signature together. */
export const sealCertificate = (
  tbs: Buffer,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
): Buffer => derSequence(tbs, algorithm.identifier, derBitString(signature));

/** Organizations first, then the common name, each a relative name of its own. */
function encodeSubject({ o, cn }: TlsContent): Buffer {
  const attribute = (oid: string, text: string): Buffer =>
    derElement(TAG.set, derSequence(derOid(oid), derUtf8(text)));
  const organizations = o.map((name) => attribute(OID.organization, name));
  return derSequence(...organizations, attribute(OID.commonName, cn));
}

function encodeExtensions(content: TlsContent, authorityKeyId: Buffer, rsa: boolean): Buffer {
  const keyUsage = rsa ? DIGITAL_SIGNATURE_KEY_ENCIPHERMENT : DIGITAL_SIGNATURE;
  const before = Buffer.concat([
    extension(OID.basicConstraints, derSequence(), CRITICAL),
    extension(OID.keyUsage, keyUsage, CRITICAL),
    extension(OID.extendedKeyUsage, encodeUsage(content)),
    ...encodeNames(content),
    extension(OID.authorityKeyIdentifier, derSequence(derElement(0x80, authorityKeyId))),
  ]);
  const last = extension(OID.subjectKeyIdentifier, derOctetString(Buffer.alloc(KEY_ID_LENGTH)));
  const list = derHeader(TAG.sequence, before.length + last.length);
  const outer = derHeader(0xa3, list.length + before.length + last.length);
  return Buffer.concat([outer, list, before, last.subarray(0, -KEY_ID_LENGTH)]);
}

const extension = (oid: string, value: Buffer, ...critical: readonly Buffer[]): Buffer =>
  derSequence(derOid(oid), ...critical, derOctetString(value));

function encodeUsage({ usage }: TlsContent): Buffer {
  if (usage.length === 0) throw new TypeError("certificate without a usage");
  const oids = usage.map((use) => derOid(use === "server" ? OID.serverAuth : OID.clientAuth));
  return derSequence(...oids);
}

/** subjectAltName, or nothing where there are no names; not critical, since no subject is empty. */
function encodeNames({ dns, ip }: TlsContent): readonly Buffer[] {
  const names = [
    ...dns.map((name) => derElement(0x82, Buffer.from(name, "latin1"))),
    ...ip.map((address) => derElement(0x87, parseAddress(address))),
  ];
  return names.length === 0 ? [] : [extension(OID.subjectAltName, derSequence(...names))];
}
