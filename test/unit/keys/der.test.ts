import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DerReader, readDer, TAG } from "../../../keys/formats/der-reader.ts";
import { derElement, derOctetString, derUnsigned } from "../../../keys/formats/der-writer.ts";
import { FormatError } from "../../../keys/formats/format-error.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

describe("refuses", () => {
  test.for([
    ["nothing at all", ""],
    ["a tag without a length", "30"],
    ["an indefinite length", "3080 0000"],
    ["a length of more bytes than there are", "3005 0201 00"],
    ["a length that overflows", "3084 ffffffff"],
    ["a length whose octets are cut", "3082 01"],
    ["a long form where the short one fits", "308103 020100"],
    ["a leading zero in the length", `30820081 ${"0500".repeat(64)}00`],
    ["another tag", "3103 020100"],
    ["a byte behind the element", "3003 020100 00"],
    ["a byte left inside", "3004 02010000"],
    ["a child longer than its parent", "3003 020200"],
    ["a tag of several bytes", "3f2003 020100"],
  ])("%s", ([, hex = ""]) => {
    expect(() => readDer(bytes(hex), TAG.sequence, (inner) => inner.unsigned())).toThrow(
      FormatError,
    );
  });

  test.for([
    ["empty", "0200"],
    ["negative", "0201ff"],
    ["with a zero too many", "0202007f"],
    ["of zeros", "02020000"],
  ])("an integer that is %s", ([, hex = ""]) => {
    expect(() => new DerReader(bytes(hex)).unsigned()).toThrow("not minimal");
  });

  test.for(["0600", "060180", `0621${"01".repeat(33)}`])("the object identifier %s", (hex) => {
    expect(() => new DerReader(bytes(hex)).oid()).toThrow(FormatError);
  });

  test.for(["0300", "030107", "03020780"])("the bit string %s as whole octets", (hex) => {
    expect(() => new DerReader(bytes(hex)).bitString()).toThrow("octet");
  });

  test("100 000 levels, at once", () => {
    const deep = Buffer.alloc(200_000, bytes("3080"));
    expect(() => new DerReader(deep).skip()).toThrow(FormatError);
    let nested: Buffer = Buffer.alloc(0);
    for (let level = 0; level < 40; level += 1) nested = derElement(TAG.sequence, nested);
    expect(() => new DerReader(nested).skip()).toThrow("deeper than 16");
  });
});

test("integers: the shortest form, and back", () => {
  const property = fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (magnitude) => {
    const read = new DerReader(derUnsigned(magnitude)).unsigned();
    const value = (of: Uint8Array): bigint => BigInt(`0x${Buffer.from(of).toString("hex")}`);
    expect(value(read)).toBe(value(magnitude));
    expect(derUnsigned(read)).toEqual(derUnsigned(magnitude));
  });
  fc.assert(property);
});

test("lengths at every step of their form", () => {
  for (const length of [0, 127, 128, 255, 256, 65_535, 65_536]) {
    const element = derOctetString(Buffer.alloc(length));
    const reader = new DerReader(element);
    expect(reader.content(TAG.octetString)).toHaveLength(length);
    expect(reader.done).toBe(true);
  }
});

test("whatever is accepted encodes to the same bytes again", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 64 }), (random) => {
    const der = Buffer.concat([Buffer.of(0x04), random]);
    const content = attempt(() => {
      const reader = new DerReader(der);
      const read = reader.content(TAG.octetString);
      reader.close();
      return read;
    });
    if (content !== undefined) expect(derOctetString(content)).toEqual(der);
  });
  fc.assert(property, { numRuns: 2000 });
});

/** What is refused must be refused with a FormatError and nothing else. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return undefined;
  }
}
