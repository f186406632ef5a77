import { type DerReader, readDer, TAG } from "./der-reader.ts";
import { FormatError } from "./format-error.ts";
import { parsePem } from "./pem.ts";
import { readPublicKey, type PublicKey } from "./public-key.ts";
import { readAlgorithm, type SignatureAlgorithm } from "./signature-algorithm.ts";
import { readTime } from "./time.ts";

/** An extension (RFC 5280 §4.2), its value not yet looked at. */
export type Extension = {
  /** Hex of the identifier's content octets, as in OID. */
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer;
};

/** An X.509 certificate (RFC 5280 §4.1) as it stands in its bytes; {@link readProfile} tells what it means. */
export type Certificate = {
  readonly der: Buffer;
  /** What the signature is over. */
  readonly tbs: Buffer;
  /** Lower-case hex, 40 digits. */
  readonly serial: string;
  readonly algorithm: SignatureAlgorithm;
  /** Name, DER. */
  readonly issuer: Buffer;
  /** Seconds since 1970, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Name, DER. */
  readonly subject: Buffer;
  readonly publicKey: PublicKey;
  readonly extensions: readonly Extension[];
  readonly signature: Buffer;
};

/** RFC 5280 §4.1.2.2. */
const MAX_SERIAL = 20;

/**
 * Parses a version 3 certificate in strict DER; its signature is not checked.
 *
 * @throws FormatError, or KeyError for its public key.
 */
export function parseCertificate(der: Buffer): Certificate {
  return readDer(der, TAG.sequence, (certificate) => {
    const tbs = certificate.element(TAG.sequence);
    const signed = readDer(tbs, TAG.sequence, readTbs);
    const algorithm = readAlgorithm(certificate);
    // RFC 5280 §4.1.1.2: both must be the same
    if (algorithm !== signed.algorithm) throw new FormatError("signature algorithms differ");
    return { der, tbs, ...signed, signature: certificate.bitString() };
  });
}

/** The same for one PEM block. @throws FormatError or KeyError. */
export const parseCertificatePem = (pem: string): Certificate =>
  parseCertificate(parsePem("CERTIFICATE", pem));

type Tbs = Omit<Certificate, "der" | "tbs" | "signature">;

function readTbs(tbs: DerReader): Tbs {
  tbs.enter(0xa0, readVersion);
  const serial = readSerial(tbs);
  const algorithm = readAlgorithm(tbs);
  const issuer = tbs.element(TAG.sequence);
  const [notBefore, notAfter] = tbs.enter(TAG.sequence, readValidity);
  const subject = tbs.element(TAG.sequence);
  const publicKey = readPublicKey(tbs.element(TAG.sequence));
  const extensions = tbs.enter(0xa3, (outer) => outer.enter(TAG.sequence, readExtensions));
  return { serial, algorithm, issuer, notBefore, notAfter, subject, publicKey, extensions };
}

function readVersion(reader: DerReader): void {
  const version = reader.unsigned();
  if (version.length !== 1 || version[0] !== 2) throw new FormatError("not version 3");
}

function readSerial(reader: DerReader): string {
  const serial = reader.unsigned();
  if (serial.length <= MAX_SERIAL) return serial.toString("hex").padStart(2 * MAX_SERIAL, "0");
  throw new FormatError(`serial number has ${serial.length} octets, more than ${MAX_SERIAL}`);
}

const readValidity = (reader: DerReader): readonly [notBefore: number, notAfter: number] => [
  readTime(reader),
  readTime(reader),
];

function readExtensions(reader: DerReader): readonly Extension[] {
  const extensions: Extension[] = [];
  while (!reader.done) {
    const extension = reader.enter(TAG.sequence, readExtension);
    if (extensions.some(({ oid }) => oid === extension.oid)) {
      throw new FormatError(`extension ${extension.oid} appears twice`);
    }
    extensions.push(extension);
  }
  return extensions;
}

function readExtension(reader: DerReader): Extension {
  const oid = reader.oid();
  const critical = reader.next(TAG.boolean);
  // DEFAULT FALSE is never encoded, and TRUE is 0xff (X.690 §11.1, §11.5)
  if (critical && reader.content(TAG.boolean).toString("hex") !== "ff") {
    throw new FormatError(`criticality of extension ${oid} is not DER`);
  }
  return { oid, critical, value: reader.content(TAG.octetString) };
}
