import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeysystemError } from "../../../protocol/problems.ts";
import {
  lookupName,
  parsePrincipal,
  type Principal,
} from "../../../server/authenticate/principal.ts";

const REALM = "EXAMPLE.EDU";

function parse(text: string): Principal | undefined {
  try {
    return parsePrincipal(text);
  } catch (error) {
    if (error instanceof KeysystemError && error.code === "auth.kerberos") return undefined;
    throw error;
  }
}

/** How it is written from its parts; what was folded or cut shows here. */
const format = ({ primary, instance, realm }: Principal): string =>
  `${primary}${instance === undefined ? "" : `/${instance}`}@${realm}`;

test.for([
  ["alice@EXAMPLE.EDU", { primary: "alice", realm: REALM }],
  ["alice@example.edu", { primary: "alice", realm: "example.edu" }],
  ["ALICE@EXAMPLE.EDU", { primary: "ALICE", realm: REALM }],
  ["alice/admin@EXAMPLE.EDU", { primary: "alice", instance: "admin", realm: REALM }],
  ["host/n1.example.edu@A", { primary: "host", instance: "n1.example.edu", realm: "A" }],
  ["a_b-c.d@X-1", { primary: "a_b-c.d", realm: "X-1" }],
] as const)("%s is read", ([text, parts]) => {
  expect(parsePrincipal(text)).toEqual({ principal: text, ...parts });
});

test.for([
  "",
  "@",
  "/",
  "alice",
  "alice@",
  "@EXAMPLE.EDU",
  "/admin@EXAMPLE.EDU",
  "alice/@EXAMPLE.EDU",
  "alice//admin@EXAMPLE.EDU",
  "alice/admin/x@EXAMPLE.EDU",
  "alice@EXAMPLE.EDU@OTHER.REALM",
  "alice@EXAMPLE.EDU/admin",
  String.raw`alice\@EXAMPLE.EDU@OTHER.REALM`,
  String.raw`alice\/admin@EXAMPLE.EDU`,
  String.raw`alice\n@EXAMPLE.EDU`,
  String.raw`alice\0@EXAMPLE.EDU`,
  String.raw`alice@EXAMPLE.EDU\0`,
  "alice@EXAMPLE.EDU\n",
  "\nalice@EXAMPLE.EDU",
  "alice\n@EXAMPLE.EDU",
  "alice\0@EXAMPLE.EDU",
  " alice@EXAMPLE.EDU",
  "alice @EXAMPLE.EDU",
  "alice,root@EXAMPLE.EDU",
  "*@EXAMPLE.EDU",
  "alice@*",
  "аlice@EXAMPLE.EDU",
  "alice@EXAMPLE.EDU\u202e",
  "alice@WELLKNOWN:ANONYMOUS",
  "WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS",
  "WELLKNOWN/ANONYMOUS@EXAMPLE.EDU",
  "WELLKNOWN@EXAMPLE.EDU",
  `${"a".repeat(244)}@EXAMPLE.EDU`,
])("%j is refused", (text) => {
  expect(parse(text)).toBeUndefined();
});

test("the longest that is read", () => {
  const text = `${"a".repeat(243)}@EXAMPLE.EDU`;
  expect(parse(text)?.principal).toBe(text);
});

test("a refusal holds nothing that steers a terminal", () => {
  expect(() => parsePrincipal("\u001b[31mx\u202e\n@EXAMPLE.EDU")).toThrow(
    /^the principal "\?\[31mx\?\?@EXAMPLE\.EDU" is not one/,
  );
});

describe("any text", () => {
  const letters = fc.constantFrom(...Array.from("aA0._-/@\\,* \n\0é"));
  const texts = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: letters }));

  test("is exactly itself or refused", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const found = parse(text);
        if (found === undefined) return;
        expect(found.principal).toBe(text);
        expect(format(found)).toBe(text);
        expect(text).toMatch(/^[\w.-]+(?:\/[\w.-]+)?@[\w.-]+$/);
      }),
      { numRuns: 5000 },
    );
  });

  const part = fc.stringMatching(/^[\w.-]{1,20}$/).filter((text) => text !== "WELLKNOWN");
  const realm = fc.stringMatching(/^[A-Za-z0-9.-]{1,20}$/);
  const parts = fc.record({ primary: part, instance: fc.option(part, { nil: undefined }), realm });

  test("of good parts is read back as these", () => {
    fc.assert(
      fc.property(parts, ({ primary, instance, realm }) => {
        const named = { primary, realm, ...(instance === undefined ? {} : { instance }) };
        const text = format({ principal: "", ...named });
        expect(parsePrincipal(text)).toEqual({ principal: text, ...named });
      }),
    );
  });

  test("is looked up only without instance, in exactly the realm", () => {
    fc.assert(
      fc.property(parts, realm, ({ primary, instance, realm }, other) => {
        const text = `${primary}${instance === undefined ? "" : `/${instance}`}@${realm}`;
        const principal = parsePrincipal(text);
        const name = { kind: "principal", principal: text, primary };
        expect(lookupName(principal, realm)).toEqual(instance === undefined ? name : undefined);
        if (other !== realm) expect(lookupName(principal, other)).toBeUndefined();
      }),
    );
  });
});

test.for([
  ["alice@example.edu", "EXAMPLE.EDU"],
  ["alice@EXAMPLE.EDU", "example.edu"],
  ["alice@OTHER.REALM", "EXAMPLE.EDU"],
  ["alice@EXAMPLE.EDU.", "EXAMPLE.EDU"],
  ["alice/admin@EXAMPLE.EDU", "EXAMPLE.EDU"],
  ["host/n1@EXAMPLE.EDU", "EXAMPLE.EDU"],
  ["alice@EXAMPLE.EDU", ""],
] as const)("%s is nobody in a directory of %s", ([text, realm]) => {
  expect(lookupName(parsePrincipal(text), realm)).toBeUndefined();
});
