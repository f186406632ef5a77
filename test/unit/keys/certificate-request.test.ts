import { execFileSync } from "node:child_process";
import { sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatRequest, parseRequest } from "../../../keys/formats/certificate-request.ts";
import {
  derBitString,
  derElement,
  derOid,
  derSequence,
  derUnsigned,
} from "../../../keys/formats/der-writer.ts";
import { KeyError } from "../../../keys/formats/format-error.ts";
import { formatPem, parsePem } from "../../../keys/formats/pem.ts";
import { makeKey, TEST_KINDS } from "./key-fixtures.ts";

const LABEL = "CERTIFICATE REQUEST";
const key = makeKey("ecdsa-p256");
const ECDSA_SHA256 = derSequence(derOid("2a8648ce3d040302"));
const ECDSA_SHA1 = derSequence(derOid("2a8648ce3d0401"));
const RSA_SHA256 = derSequence(derOid("2a864886f70d01010b"), Buffer.of(5, 0));
const VERSION = derUnsigned(Buffer.of(0));
const NONE = derElement(0xa0);

const request = (info: Buffer, algorithm = ECDSA_SHA256, ...more: readonly Buffer[]): string =>
  formatPem(
    LABEL,
    derSequence(info, algorithm, derBitString(sign("sha256", info, key.privateKey)), ...more),
  );
const info = (...parts: readonly Buffer[]): Buffer => derSequence(...parts);

const codeOf = (pem: string): string => {
  try {
    return `accepted ${parseRequest(pem).key.kind}`;
  } catch (error) {
    return error instanceof KeyError ? error.code : `threw ${String(error)}`;
  }
};

test.for(TEST_KINDS)("ours for %s is accepted by openssl and by ourselves", (kind) => {
  const { csr, spki } = makeKey(kind);
  const said = execFileSync("openssl", ["req", "-noout", "-verify", "-pubkey"], {
    input: csr,
    stdio: "pipe",
  });
  const shown = said.toString().replaceAll("\n", "");
  expect(shown).toContain(spki.toString("base64"));
  expect(parseRequest(csr).key.spki).toEqual(spki);
});

test("one of openssl is accepted, whatever it asks for", () => {
  const args = [
    "req",
    "-new",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "/dev/null",
    "-subj",
    "/O=system:masters/CN=root",
  ];
  const extensions = [
    "subjectAltName=DNS:evil.example,IP:1.2.3.4",
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=keyCertSign",
  ];
  const pem = execFileSync(
    "openssl",
    [...args, ...extensions.flatMap((line) => ["-addext", line])],
    { stdio: "pipe" },
  ).toString();
  const parsed = parseRequest(pem);
  expect(Object.keys(parsed).sort()).toEqual(["hash", "key", "signature", "signed"]);
});

describe("refuses", () => {
  const good = info(VERSION, derSequence(), key.spki, NONE);
  test("nothing of the kind below when nothing is wrong", () =>
    expect(codeOf(request(good))).toBe("accepted ecdsa-p256"));

  test.for([
    ["version 1", request(info(derUnsigned(Buffer.of(1)), derSequence(), key.spki, NONE))],
    ["no attributes", request(info(VERSION, derSequence(), key.spki))],
    [
      "a byte behind the attributes",
      request(info(VERSION, derSequence(), key.spki, NONE, Buffer.of(0))),
    ],
    [
      "attributes that are not DER",
      request(info(VERSION, derSequence(), key.spki, derElement(0xa0, Buffer.from("3080", "hex")))),
    ],
    [
      "a subject that is not DER",
      request(info(VERSION, derSequence(Buffer.of(1)), key.spki, NONE)),
    ],
    [
      "a byte inside the key",
      request(info(VERSION, derSequence(), derSequence(key.spki.subarray(2), Buffer.of(0)), NONE)),
    ],
    ["a byte behind the signature", request(good, ECDSA_SHA256, Buffer.of(0))],
    [
      "a byte behind everything",
      formatPem(LABEL, Buffer.concat([parsePem(LABEL, request(good)), Buffer.of(0)])),
    ],
    ["SHA-1", request(good, ECDSA_SHA1)],
    ["an algorithm of another key", request(good, RSA_SHA256)],
    [
      "parameters where none belong",
      request(good, derSequence(derOid("2a8648ce3d040302"), Buffer.of(5, 0))),
    ],
    ["another label", request(good).replaceAll(LABEL, "NEW CERTIFICATE REQUEST")],
    ["two requests", request(good) + request(good)],
  ])("%s", ([, pem = ""]) => expect(codeOf(pem)).toBe("key.malformed"));

  test("a weak key", () => {
    const spki = Buffer.from(key.spki);
    spki.writeUInt8(spki.readUInt8(90) ^ 1, 90);
    expect(codeOf(request(info(VERSION, derSequence(), spki, NONE)))).toBe("key.weak");
  });

  test("PSS", () => {
    const rsa = makeKey("rsa-2048");
    const pem = formatRequest(rsa.spki, (signed) => sign("sha256", signed, rsa.privateKey));
    const der = parsePem(LABEL, pem);
    const at = der.indexOf(Buffer.from("2a864886f70d01010b", "hex"));
    der.writeUInt8(0x0a, at + 8);
    expect(codeOf(formatPem(LABEL, der))).toBe("key.malformed");
  });

  test("every request with one byte changed, or gives the very same key or another sound one", () => {
    const der = parsePem(LABEL, key.csr);
    const property = fc.property(
      fc.nat(der.length - 1),
      fc.integer({ min: 1, max: 255 }),
      (at, mask) => {
        const changed = Buffer.from(der);
        changed.writeUInt8(changed.readUInt8(at) ^ mask, at);
        expect(codeOf(formatPem(LABEL, changed))).toMatch(/^(?:key\.|accepted ecdsa-p256)/);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});
