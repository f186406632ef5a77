import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../../keys/formats/certificate.ts";
import { readProfile } from "../../../keys/formats/certificate-profile.ts";
import {
  createTemplate,
  fillTemplate,
  sealCertificate,
} from "../../../keys/formats/certificate-template.ts";
import { TAG } from "../../../keys/formats/der-reader.ts";
import {
  derBitString,
  derElement,
  derOctetString,
  derOid,
  derSequence,
  derUnsigned,
} from "../../../keys/formats/der-writer.ts";
import { FormatError, KeyError } from "../../../keys/formats/format-error.ts";
import { OID } from "../../../keys/formats/object-identifiers.ts";
import { findAlgorithm } from "../../../keys/formats/signature-algorithm.ts";
import { derTime } from "../../../keys/formats/time.ts";
import type { TlsContent } from "../../../policy/decision.ts";
import { makeKey } from "./key-fixtures.ts";

const { spki } = makeKey("ecdsa-p256");
const algorithm = findAlgorithm("ec", "sha256");
const name = derSequence(
  derElement(TAG.set, derSequence(derOid(OID.commonName), derElement(TAG.utf8, Buffer.from("ca")))),
);
const issuer = { name, keyId: Buffer.alloc(20, 1), algorithm };
const content: TlsContent = {
  kind: "tls",
  usage: ["server"],
  cn: "a",
  o: ["x", "y"],
  dns: ["a.example", "*.b.example"],
  ip: ["10.0.0.1", "2001:db8::1"],
};
const blanks = {
  serial: Buffer.alloc(20, 0x11),
  notBefore: 1_700_000_000,
  notAfter: 2_600_000_000,
  spki,
  keyId: Buffer.alloc(20, 2),
};
const make = (of = content, with_ = blanks): Buffer =>
  sealCertificate(
    fillTemplate(createTemplate(of, issuer, { rsa: false }), with_),
    algorithm,
    Buffer.from("signature"),
  );

test("what is encoded is read again", () => {
  const certificate = parseCertificate(make());
  expect(certificate).toMatchObject({
    serial: "11".repeat(20),
    notBefore: 1_700_000_000,
    notAfter: 2_600_000_000,
  });
  expect(readProfile(certificate)).toMatchObject({
    cn: "a",
    o: ["x", "y"],
    dns: content.dns,
    ip: content.ip,
    usage: ["server"],
    ca: false,
  });
});

test("a serial with leading zeros is still a minimal integer", () => {
  const serial = Buffer.concat([Buffer.of(0, 0, 0x80), Buffer.alloc(17, 9)]);
  expect(parseCertificate(make(content, { ...blanks, serial })).serial).toBe(
    serial.toString("hex"),
  );
});

test("names of any text in UTF-8 are read back as they were", () => {
  const text = fc.string({ minLength: 1, maxLength: 64, unit: "grapheme" });
  const property = fc.property(text, fc.array(text, { maxLength: 3 }), (cn, o) => {
    expect(readProfile(parseCertificate(make({ ...content, cn, o })))).toMatchObject({ cn, o });
  });
  fc.assert(property);
});

test("never encodes a certificate without a usage, or with a wrong address", () => {
  expect(() => make({ ...content, usage: [] })).toThrow("without a usage");
  expect(() => make({ ...content, ip: ["1.2.3"] })).toThrow("not an address");
});

/** A certificate out of parts, to put one wrong one among them. */
type Parts = {
  readonly version: Buffer;
  readonly serial: Buffer;
  readonly inner: Buffer;
  readonly extensions: readonly Buffer[];
};
const extension = (oid: string, value: Buffer, ...critical: readonly Buffer[]): Buffer =>
  derSequence(derOid(oid), ...critical, derOctetString(value));
const CRITICAL = Buffer.of(1, 1, 0xff);
const GOOD: Parts = {
  version: derElement(0xa0, derUnsigned(Buffer.of(2))),
  serial: derUnsigned(Buffer.of(5)),
  inner: algorithm.identifier,
  extensions: [
    extension(OID.basicConstraints, derSequence(), CRITICAL),
    extension(OID.keyUsage, Buffer.from("03020780", "hex"), CRITICAL),
    extension(OID.extendedKeyUsage, derSequence(derOid(OID.serverAuth))),
    extension(OID.subjectKeyIdentifier, derOctetString(Buffer.alloc(20))),
  ],
};
function build(parts: Partial<Parts>): Buffer {
  const { version, serial, inner, extensions } = { ...GOOD, ...parts };
  const validity = derSequence(derTime(1), derTime(2));
  const list = derElement(0xa3, derSequence(...extensions));
  const tbs = derSequence(version, serial, inner, name, validity, name, spki, list);
  return derSequence(tbs, algorithm.identifier, derBitString(Buffer.of(1)));
}
const instead = (oid: string, ...values: readonly Buffer[]): Partial<Parts> => ({
  extensions: [
    ...GOOD.extensions.filter((each) => !each.includes(Buffer.from(oid, "hex"))),
    ...values,
  ],
});
const read = (der: Buffer): unknown => readProfile(parseCertificate(der));

describe("refuses", () => {
  test("nothing of the kind below when nothing is wrong", () =>
    expect(() => read(build({}))).not.toThrow());

  test.for<readonly [string, Partial<Parts>]>([
    ["version 1", { version: Buffer.alloc(0) }],
    ["version 2", { version: derElement(0xa0, derUnsigned(Buffer.of(1))) }],
    ["a negative serial", { serial: Buffer.of(2, 1, 0x85) }],
    ["a serial of 21 octets", { serial: derUnsigned(Buffer.alloc(21, 1)) }],
    ["two signature algorithms", { inner: findAlgorithm("ec", "sha384").identifier }],
    ["no extensions", { extensions: [] }],
    ["an extension twice", { extensions: [...GOOD.extensions, ...GOOD.extensions.slice(2, 3)] }],
    [
      "an unknown extension",
      { extensions: [...GOOD.extensions, extension("2a0304", Buffer.of(5, 0))] },
    ],
    [
      "an unknown critical extension",
      { extensions: [...GOOD.extensions, extension("2a0304", Buffer.of(5, 0), CRITICAL)] },
    ],
    [
      "a criticality that is not DER",
      instead(
        OID.keyUsage,
        extension(OID.keyUsage, Buffer.from("03020780", "hex"), Buffer.of(1, 1, 1)),
      ),
    ],
    [
      "an encoded default",
      instead(
        OID.extendedKeyUsage,
        extension(OID.extendedKeyUsage, derSequence(derOid(OID.serverAuth)), Buffer.of(1, 1, 0)),
      ),
    ],
    [
      "key usage that is not critical",
      instead(OID.keyUsage, extension(OID.keyUsage, Buffer.from("03020780", "hex"))),
    ],
    [
      "key usage that is not DER",
      instead(OID.keyUsage, extension(OID.keyUsage, Buffer.from("0303078000", "hex"), CRITICAL)),
    ],
    [
      "keyCertSign beside digitalSignature",
      instead(OID.keyUsage, extension(OID.keyUsage, Buffer.from("03020284", "hex"), CRITICAL)),
    ],
    [
      "CA:FALSE written out",
      instead(
        OID.basicConstraints,
        extension(OID.basicConstraints, Buffer.from("3003010100", "hex"), CRITICAL),
      ),
    ],
    [
      "CA:TRUE without a path length",
      instead(
        OID.basicConstraints,
        extension(OID.basicConstraints, Buffer.from("30030101ff", "hex"), CRITICAL),
      ),
    ],
    [
      "an empty extendedKeyUsage",
      instead(OID.extendedKeyUsage, extension(OID.extendedKeyUsage, derSequence())),
    ],
    [
      "a usage for everything",
      instead(
        OID.extendedKeyUsage,
        extension(OID.extendedKeyUsage, derSequence(derOid("551d2500"))),
      ),
    ],
    [
      "an empty subjectAltName",
      { extensions: [...GOOD.extensions, extension(OID.subjectAltName, derSequence())] },
    ],
    [
      "a mail address",
      {
        extensions: [
          ...GOOD.extensions,
          extension(OID.subjectAltName, derSequence(derElement(0x81, Buffer.from("a@b")))),
        ],
      },
    ],
    [
      "a name with a NUL",
      {
        extensions: [
          ...GOOD.extensions,
          extension(OID.subjectAltName, derSequence(derElement(0x82, Buffer.from("a\0b")))),
        ],
      },
    ],
    [
      "an address of five octets",
      {
        extensions: [
          ...GOOD.extensions,
          extension(OID.subjectAltName, derSequence(derElement(0x87, Buffer.alloc(5)))),
        ],
      },
    ],
    ["no key identifier", instead(OID.subjectKeyIdentifier)],
    [
      "bytes behind a key identifier",
      instead(
        OID.subjectKeyIdentifier,
        extension(
          OID.subjectKeyIdentifier,
          Buffer.concat([derOctetString(Buffer.alloc(20)), Buffer.of(0)]),
        ),
      ),
    ],
  ])("%s", ([, parts]) => expect(() => read(build(parts))).toThrow(FormatError));

  test("bytes behind, and a certificate cut anywhere", () => {
    const der = build({});
    expect(() => read(Buffer.concat([der, Buffer.of(0)]))).toThrow(FormatError);
    for (let length = 0; length < der.length; length += 1) {
      expect(() => read(der.subarray(0, length))).toThrow(FormatError);
    }
  });

  test("what a change of one byte makes of it, unless it is sound again", () => {
    const der = make();
    const property = fc.property(fc.nat(der.length - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(der);
      changed.writeUInt8(value, at);
      try {
        read(changed);
      } catch (error) {
        expect(error instanceof FormatError || error instanceof KeyError).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });
});
