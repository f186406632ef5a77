import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type DistinguishedName,
  formatDistinguishedName,
  levelsBelow,
  parseDistinguishedName,
} from "../../../server/directory/distinguished-name.ts";

/** The value of a name of one level. */
const valueOf = (text: string): string | undefined =>
  parseDistinguishedName(`cn=${text}`)?.[0]?.[0]?.value;

describe("reading a name (RFC 4514)", () => {
  test.for([
    ["alice", "alice"],
    ["a=b", "a=b"],
    [String.raw`a\,ou\3dx`, "a,ou=x"],
    [String.raw`\#04`, "#04"],
    [String.raw`\ a b\ `, " a b "],
    [String.raw`\ `, " "],
    [String.raw`L\C4\8Di\C4\87`, "Lčić"],
    [String.raw`\00`, "\0"],
    [String.raw`\\\ `, "\\ "],
    ["", ""],
    ["\u017f\u212a", "\u017f\u212a"],
  ] as const)("%j is %j", ([text, value]) => expect(valueOf(text)).toBe(value));

  test.for([
    " a",
    "a ",
    "a;b",
    'a"b',
    "a<b",
    "a>b",
    "a\0b",
    "a,",
    "a+",
    "a,b",
    "a, ou=b",
    "a ,ou=b",
    "\\",
    String.raw`\C4`,
    String.raw`\zz`,
    String.raw`a\\ `,
    "#",
    "#0",
    "#zz",
    "#04,",
    "\ud800",
    "a".repeat(9000),
  ])("%j is none", (text) => expect(parseDistinguishedName(`cn=${text}`)).toBeUndefined());

  test.for(["=a", "cn", "c_n=a", "1=a", "1.=a", " cn=a", "cn =a", ","])("%j is none", (text) =>
    expect(parseDistinguishedName(text)).toBeUndefined(),
  );

  test("the encoded form stays apart from text", () => {
    expect(parseDistinguishedName("CN=#0403616263")).toEqual([
      [{ type: "cn", value: "0403616263", encoded: true }],
    ]);
    expect(levelsBelow(read("cn=#04"), read(String.raw`cn=\#04`))).toBeUndefined();
  });
});

const oneOf = (characters: string): fc.Arbitrary<string> =>
  fc.constantFrom(...Array.from(characters));

const part = fc.record({
  type: fc.constantFrom("cn", "uid", "ou", "2.5.4.3"),
  value: fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: oneOf(' #,+"\\<>;=*()\0\n\u017f\u212aäa') }),
  ),
  encoded: fc.constant(false),
});
const names = fc.array(fc.array(part, { minLength: 1, maxLength: 3 }), { maxLength: 5 });

describe("properties", () => {
  test("what is written is read again, whatever the values are", () => {
    fc.assert(
      fc.property(names, (name) => {
        fc.pre(name.flat().every(({ value }) => value.isWellFormed()));
        expect(parseDistinguishedName(formatDistinguishedName(name))).toEqual(name);
      }),
      { numRuns: 2000 },
    );
  });

  test("no text makes it throw, and what it reads it can write", () => {
    fc.assert(
      fc.property(fc.string({ unit: oneOf('cn=,+\\# 04aäC3\0;"') }), (text) => {
        const name = parseDistinguishedName(text);
        if (name !== undefined) {
          expect(parseDistinguishedName(formatDistinguishedName(name))).toEqual(name);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("no value adds a level", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        fc.pre(value.isWellFormed());
        const name = [[{ type: "uid", value, encoded: false }], ...read("ou=people")];
        const again = read(formatDistinguishedName(name));
        expect(levelsBelow(again, read("ou=people"))).toBe(1);
      }),
    );
  });

  test("reading takes time in proportion to length", () => {
    const started = performance.now();
    parseDistinguishedName(`cn=${String.raw`\20`.repeat(2700)}`);
    parseDistinguishedName(`cn=${"a".repeat(8000)};`);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("below", () => {
  test.for([
    ["uid=alice,ou=people,dc=edu", "ou=people,dc=edu", 1],
    ["UID=alice,OU=People,DC=edu", "ou=people,dc=edu", 1],
    ["uid=a,ou=b,ou=people,dc=edu", "ou=people,dc=edu", 2],
    ["ou=people,dc=edu", "ou=people,dc=edu", 0],
    ["uid=a,o=x+ou=y,dc=edu", "ou=y+o=x,dc=edu", 1],
    ["dc=edu", "ou=people,dc=edu", undefined],
    ["", "ou=people", undefined],
    ["uid=alice,ou=people,dc=com", "ou=people,dc=edu", undefined],
    ["ou=people,dc=edu,uid=alice", "ou=people,dc=edu", undefined],
    [String.raw`uid=alice\,ou\=people\,dc\=edu`, "ou=people,dc=edu", undefined],
    [String.raw`uid=x\,ou=people,dc=edu`, "ou=people,dc=edu", undefined],
    // letters that become s and k where case is folded for all of Unicode
    ["uid=a,ou=\u017ftaff", "ou=staff", undefined],
    ["uid=a,ou=wor\u212aers", "ou=workers", undefined],
    ["uid=a,ou=x+o=y", "ou=x", undefined],
  ] as const)("%s is below %s: %s", ([name, base, levels]) =>
    expect(levelsBelow(read(name), read(base))).toBe(levels),
  );
});

function read(text: string): DistinguishedName {
  const name = parseDistinguishedName(text);
  if (name === undefined) throw new TypeError(`not a name: ${text}`);
  return name;
}
