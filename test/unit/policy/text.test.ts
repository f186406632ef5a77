import fc from "fast-check";
import { expect, test } from "vitest";
import {
  canonicalAddress,
  formatAddress,
  isInRange,
  parseAddress,
  parseRange,
} from "../../../policy/text/address.ts";
import { formatDuration, parseDuration } from "../../../policy/text/duration.ts";
import { isDnsName, isIdentifier, isPrincipalName } from "../../../policy/text/name.ts";
import { nearestName } from "../../../policy/suggestion.ts";

test.each([
  ["10.18.60.11", "10.18.60.11"],
  ["::", "::"],
  ["::1", "::1"],
  ["2001:DB8::0011", "2001:db8::11"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["fe80::", "fe80::"],
  ["::ffff:10.1.2.3", "10.1.2.3"],
  ["64:ff9b::10.1.2.3", "64:ff9b::a01:203"],
])("%s is the address %s", (text, want) => {
  expect(canonicalAddress(text)).toBe(want);
});

test.each([
  "",
  ".",
  ":",
  ":::",
  "1",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  "1.2.3.-4",
  " 1.2.3.4",
  "1.2.3.4 ",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7::8",
  "12345::",
  "g::",
  "::1.2.3",
  "1.2.3.4::",
  "fe80::1%eth0",
  "[::1]",
  "0x10.1.1.1",
  "١.1.1.1",
])("%j is no address", (text) => {
  expect(canonicalAddress(text)).toBeUndefined();
});

test("the canonical text of an address is its own canonical text", () => {
  const bytes = fc.oneof(
    fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 }),
    fc.array(fc.constantFrom(0, 0, 1, 255), { minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, (address) => {
      const text = formatAddress(address);
      expect(canonicalAddress(text)).toBe(text);
      if (!text.includes(".") || address.length === 4) expect(parseAddress(text)).toEqual(address);
    }),
  );
});

test.each([
  ["10.9.0.0/16", "10.9.255.255", true],
  ["10.9.0.0/16", "10.10.0.0", false],
  ["10.18.60.0/23", "10.18.61.255", true],
  ["10.18.60.0/23", "10.18.62.0", false],
  ["10.9.4.7/32", "10.9.4.7", true],
  ["10.9.4.7/32", "10.9.4.6", false],
  ["0.0.0.0/0", "203.0.113.9", true],
  ["0.0.0.0/0", "2001:db8::1", false],
  ["2001:db8:9::/48", "2001:db8:9:ffff::1", true],
  ["2001:db8:9::/48", "2001:db8:a::1", false],
  ["::/0", "10.9.4.7", false],
  ["10.9.0.0/16", "no address", false],
])("%s has %s: %s", (range, address, want) => {
  const parsed = parseRange(range);
  if (parsed === undefined) throw new TypeError(`no range: ${range}`);
  expect(isInRange(address, parsed)).toBe(want);
});

test.each([
  "10.9.0.0",
  "10.9.0.0/",
  "10.9.0.0/33",
  "10.9.0.0/016",
  "10.9.0.1/16",
  "10.9.0.0/-1",
  "2001:db8::/129",
  "2001:db8::1/64",
  "/8",
  "10.9.0.0/8/8",
])("%j is no range", (text) => {
  expect(parseRange(text)).toBeUndefined();
});

test.each([
  ["90s", 90],
  ["15m", 900],
  ["4h", 14_400],
  ["40d", 3_456_000],
  ["3650d", 315_360_000],
])("%s is %i s", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  "",
  "4",
  "h",
  "0h",
  "04h",
  "4H",
  "4 h",
  "-4h",
  "+4h",
  "4.5h",
  "1e3s",
  "4h30m",
  "3651d",
  "9999999999s",
  "4w",
  "4h\n",
])("%j is no duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test("a formatted duration is the same duration", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 315_360_000 }), (seconds) => {
      expect(parseDuration(formatDuration(seconds))).toBe(seconds);
    }),
  );
});

test.each(["a", "a.b", "*.a.b", "xn--bcher-kva.example", "a-b.c", "1a.b"])(
  "%s is a DNS name",
  (text) => {
    expect(isDnsName(text)).toBe(true);
  },
);

test.each([
  "",
  ".",
  "a.",
  ".a",
  "a..b",
  "*",
  "*.a",
  "a.*",
  "*a.b.c",
  "*.*.b.c",
  "A.b",
  "-a.b",
  "a-.b",
  "a_b",
  "a b",
  "a,b",
  "bücher.de",
  "1.2",
  `${"a".repeat(64)}.b`,
  Array.from({ length: 128 }, () => "ab").join("."),
  "a\n",
])("%j is no DNS name", (text) => {
  expect(isDnsName(text)).toBe(false);
});

test.each(["", "-", "-a", "a-", "A", "a.b", "a_b", "a b", "a\n", "a".repeat(64)])(
  "%j is no identifier",
  (text) => {
    expect(isIdentifier(text)).toBe(false);
  },
);

test.each(["", "*", "a,b", "a b", "a\0", "a\n", "-a", "ä", "a".repeat(256), "ro\u043et"])(
  "%j is no principal",
  (text) => {
    expect(isPrincipalName(text)).toBe(false);
  },
);

test.each([
  ["lifetme", "lifetime"],
  ["lfietime", "lifetime"],
  ["form", "from"],
  ["root-admin", "root-admins"],
  ["completely-else", undefined],
  ["", undefined],
  ["x", undefined],
])("%j was meant to be %s", (text, want) => {
  expect(nearestName(text, ["lifetime", "from", "root-admins", "ssh-user"])).toBe(want);
});
