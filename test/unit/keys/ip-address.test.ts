import { isIPv6 } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAddress, parseAddress } from "../../../keys/formats/ip-address.ts";

test.for([
  ["10.18.60.11", "0a123c0b"],
  ["0.0.0.0", "00000000"],
  ["::", "00".repeat(16)],
  ["::1", `${"00".repeat(15)}01`],
  ["2001:db8:9::", `20010db80009${"00".repeat(10)}`],
  ["1::2:0:0:3", "00010000000000000002000000000003"],
  ["2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001"],
])("%s", ([text = "", hex = ""]) => {
  expect(parseAddress(text).toString("hex")).toBe(hex);
  expect(formatAddress(Buffer.from(hex, "hex"))).toBe(text);
});

test.for([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  "1.2.3.4 ",
  "0x1.2.3.4",
  "1.2.3.-4",
  "1..2.3",
  ":",
  ":::",
  "1::2::3",
  "::0",
  "0:0:0:0:0:0:0:0",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "2001:DB8::1",
  "2001:0db8::1",
  "12345::",
  "g::",
  "fe80::1%eth0",
  "::ffff:1.2.3.4",
  "1::2:0:0:0:3",
])("not canonical: %s", (text) => expect(() => parseAddress(text)).toThrow("canonical"));

test("any sixteen octets, and back", () => {
  const octets = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const sparse = fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 });
  const property = fc.property(fc.oneof(octets, sparse), (values) => {
    const bytes = Buffer.from(values);
    const text = formatAddress(bytes);
    expect(isIPv6(text)).toBe(true);
    expect(parseAddress(text)).toEqual(bytes);
  });
  fc.assert(property);
});
