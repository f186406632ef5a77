import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAnswer } from "../../../server/directory/ldap-answer.ts";
import { LdapFault } from "../../../server/directory/ldap-fault.ts";
import { createMessageFramer, LONGEST_MESSAGE } from "../../../server/directory/message-framer.ts";
import { formatEntry, formatReference, formatResult } from "../../harness/hostile-ldap.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const success = "30 0c 02 01 01 61 07 0a 01 00 04 00 04 00";

describe("reading an answer", () => {
  test("a result", () =>
    expect(readAnswer(bytes(success))).toEqual({
      id: 1,
      kind: "result",
      operation: "bind",
      code: 0,
      detail: "",
    }));

  test("an entry, with every character of every value", () => {
    const values = ["alice", "\ufeffalice", "", "\0", Buffer.from([0xff])];
    const answer = readAnswer(formatEntry(7, "uid=a", { UID: values, "cn;lang-de": ["x"] }));
    expect(answer).toEqual({
      id: 7,
      kind: "entry",
      entry: {
        dn: "uid=a",
        attributes: new Map([
          ["uid", ["alice", "\ufeffalice", "", "\0", undefined]],
          ["cn;lang-de", ["x"]],
        ]),
      },
    });
  });

  test("control characters of the directory's words reach no log", () => {
    const text = Buffer.from("\u001b[2Jgone\nroot");
    const words = `04 ${text.length.toString(16).padStart(2, "0")} ${text.toString("hex")}`;
    const body = bytes(`0a 01 31 04 00 ${words}`);
    const inner = Buffer.concat([bytes("02 01 01 61"), Buffer.from([body.length]), body]);
    const answer = readAnswer(Buffer.concat([Buffer.from([0x30, inner.length]), inner]));
    expect(answer).toMatchObject({ code: 49, detail: " [2Jgone root" });
  });

  test.for([
    ["a bind without its result, which must not count as success", "30 05 02 01 01 61 00"],
    ["a result without a code", "30 09 02 01 01 61 04 04 00 04 00"],
    ["an empty code", "30 0b 02 01 01 61 06 0a 00 04 00 04 00"],
    ["a negative code", "30 0c 02 01 01 61 07 0a 01 ff 04 00 04 00"],
    ["a code of five bytes", "30 10 02 01 01 61 0b 0a 05 00 00 00 00 00 04 00 04 00"],
    ["a result that is cut off", "30 0a 02 01 01 61 05 0a 01 00 04 00"],
    ["a length beyond the message", "30 0c 02 01 01 61 08 0a 01 00 04 00 04 00"],
    ["bytes behind the message", `${success} 00`],
    ["bytes behind the operation", "30 0e 02 01 01 61 07 0a 01 00 04 00 04 00 04 00"],
    ["a length without end", "30 80 02 01 01 61 07 0a 01 00 04 00 04 00 00 00"],
    ["a length of five bytes", "30 85 00 00 00 00 0c 02 01 01 61 07 0a 01 00 04 00 04 00"],
    ["a length of 4 GiB", "30 84 ff ff ff ff 02 01 01 61 07 0a 01 00 04 00 04 00"],
    ["a tag of several bytes", "30 11 02 01 01 61 0c 0a 01 00 04 00 04 00 bf 03 01 01 01"],
    ["no id", "30 09 61 07 0a 01 00 04 00 04 00"],
    ["a negative id", "30 0c 02 01 ff 61 07 0a 01 00 04 00 04 00"],
    ["a request", "30 0c 02 01 01 60 07 02 01 03 04 00 80 00"],
    ["an entry whose name is not UTF-8", "30 0a 02 01 01 64 05 04 01 ff 30 00"],
    ["an attribute without values", "30 0e 02 01 01 64 09 04 00 30 05 30 03 04 01 61"],
    ["an attribute twice", formatEntry(1, "uid=a", { uid: [], UID: [] }).toString("hex")],
    [
      "a value that is no text of bytes",
      "30 13 02 01 01 64 0e 04 00 30 0a 30 08 04 01 61 31 03 02 01 00",
    ],
    ["nothing", ""],
  ] as const)("%s is refused", ([, hex]) =>
    expect(() => readAnswer(bytes(hex))).toThrow(LdapFault),
  );

  test("more elements than 4096 in one are refused", () => {
    const many = Object.fromEntries([["a", Array.from({ length: 5000 }, () => "")]]);
    expect(() => readAnswer(formatEntry(1, "", many))).toThrow(LdapFault);
  });

  test("no bytes make it do anything but answer or refuse", () => {
    const samples = [formatEntry(3, "uid=a", { uid: ["a"] }), formatReference(1, "ldap://x")];
    const changed = fc
      .record({ at: fc.nat(40), value: fc.nat(255), sample: fc.constantFrom(...samples) })
      .map(({ at, value, sample }) =>
        Buffer.from(sample.map((byte, index) => (index === at ? value : byte))),
      );
    const any = fc.uint8Array({ maxLength: 64 }).map((found) => Buffer.from(found));
    fc.assert(
      fc.property(fc.oneof(changed, any), (message) => {
        try {
          readAnswer(message);
        } catch (error) {
          expect(error).toBeInstanceOf(LdapFault);
        }
      }),
      { numRuns: 20_000 },
    );
  });
});

describe("cutting a stream into messages", () => {
  const messages = [
    formatResult(1, 0x61, 0),
    formatEntry(2, "uid=a", { description: ["x".repeat(70_000)] }),
    formatResult(2, 0x65, 0),
  ];
  const stream = Buffer.concat(messages);

  test("however the bytes come", () => {
    const cuts = fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (at) => {
        const framer = createMessageFramer();
        const ends = [...at.sort((a, b) => a - b), stream.length];
        const found = ends.flatMap((end, index) =>
          framer.push(stream.subarray(ends[index - 1] ?? 0, end)),
        );
        expect(found.map((one) => one.toString("hex"))).toEqual(
          messages.map((one) => one.toString("hex")),
        );
        expect(framer.pending()).toBe(0);
      }),
    );
  });

  test("byte by byte, in time that grows with their number alone", () => {
    const framer = createMessageFramer();
    const started = performance.now();
    const found = [...stream].flatMap((byte) => framer.push(Buffer.from([byte])));
    expect(found.length).toBe(3);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("what is not complete is pending", () => {
    const framer = createMessageFramer();
    expect(framer.push(Buffer.concat([formatResult(1, 0x61, 0), bytes("30")])).length).toBe(1);
    expect(framer.pending()).toBe(1);
  });

  test.for([
    ["a message that is too long", `30 83 ${(LONGEST_MESSAGE + 1).toString(16)}`],
    ["one of 4 GiB", "30 84 ff ff ff ff"],
    ["no sequence", "16 03 01"],
    ["a length without end", "30 80"],
  ] as const)("%s is refused before it comes", ([, hex]) =>
    expect(() => createMessageFramer().push(bytes(hex))).toThrow(LdapFault),
  );
});
