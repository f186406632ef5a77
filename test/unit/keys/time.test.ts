import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DerReader, TAG } from "../../../keys/formats/der-reader.ts";
import { derElement } from "../../../keys/formats/der-writer.ts";
import { derTime, readTime } from "../../../keys/formats/time.ts";

const seconds = (iso: string): number => Date.parse(iso) / 1000;
const read = (der: Buffer): number => readTime(new DerReader(der));
const utc = (text: string): Buffer => derElement(TAG.utcTime, Buffer.from(text));
const generalized = (text: string): Buffer => derElement(TAG.generalizedTime, Buffer.from(text));

test.for([
  ["1970-01-01T00:00:00Z", "700101000000Z", TAG.utcTime],
  ["2024-02-29T12:34:56Z", "240229123456Z", TAG.utcTime],
  ["2026-10-25T01:30:00Z", "261025013000Z", TAG.utcTime],
  ["2049-12-31T23:59:59Z", "491231235959Z", TAG.utcTime],
  ["2050-01-01T00:00:00Z", "20500101000000Z", TAG.generalizedTime],
  ["2100-03-01T00:00:00Z", "21000301000000Z", TAG.generalizedTime],
  ["9999-12-31T23:59:59Z", "99991231235959Z", TAG.generalizedTime],
] as const)("%s is %s", ([iso, text, tag]) => {
  const der = derTime(seconds(iso));
  expect(der).toEqual(derElement(tag, Buffer.from(text)));
  expect(read(der)).toBe(seconds(iso));
});

test("any second until 9999, and back; the calendar is the system's", () => {
  const property = fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (at) => {
    const text = derTime(at).subarray(2).toString();
    const iso = new Date(at * 1000).toISOString().replace(/[-:T]|\.\d+/g, "");
    expect(iso.endsWith(text)).toBe(true);
    expect(read(derTime(at))).toBe(at);
  });
  fc.assert(property, { numRuns: 5000 });
});

describe("refuses", () => {
  test.for([
    ["without seconds", utc("2601010000Z")],
    ["with an offset", utc("260101000000+0000")],
    ["with fractions", generalized("20500101000000.5Z")],
    ["a thirteenth month", utc("261301000000Z")],
    ["30 February", utc("260230000000Z")],
    ["29 February of a common year", utc("270229000000Z")],
    ["second 60", utc("261231235960Z")],
    ["spaces", utc(" 60101000000Z")],
    ["GeneralizedTime before 2050", generalized("20491231235959Z")],
    ["before 1970", utc("691231235959Z")],
    ["nothing", utc("")],
  ] as const)("%s", ([, der]) => expect(() => read(der)).toThrow("not a time"));

  test.for([-1, 0.5, Number.NaN, 253_402_300_800])("to write %d", (at) =>
    expect(() => derTime(at)).toThrow(TypeError),
  );
});
