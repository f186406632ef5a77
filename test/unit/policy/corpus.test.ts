import { describe, expect, test } from "vitest";
import { CODES, listCodes } from "../../../policy/codes/codes.ts";
import { MAX_BYTES } from "../../../policy/source/document.ts";
import { demoWith } from "../../documents/demo-policy.ts";
import { EFFECT_FAULTS } from "./corpus/effects.ts";
import { LOCKOUTS } from "./corpus/lockouts.ts";
import { REFERENCE_FAULTS } from "./corpus/references.ts";
import { SHAPE_FAULTS } from "./corpus/shape.ts";
import { VALUE_FAULTS } from "./corpus/values.ts";
import { codesOf, edit, EXAMPLE, messagesOf } from "./example.ts";

const FAULTS = {
  shape: SHAPE_FAULTS,
  references: REFERENCE_FAULTS,
  values: VALUE_FAULTS,
  effects: EFFECT_FAULTS,
};

describe.each(Object.entries(FAULTS))("%s", (name, faults) => {
  test.each(faults)("%s", (_, [from, to], codes) => {
    expect(codesOf(edit(EXAMPLE, from, to))).toEqual(codes);
  });
  // After a change that is meant: vitest run -u, and read the difference.
  test("is said in exactly these words", async () => {
    const said = faults.map(([title, [from, to]]) => block(title, edit(EXAMPLE, from, to)));
    await expect(said.join("\n")).toMatchFileSnapshot(`corpus/${name}.txt`);
  });
});

describe("the pages' examples", () => {
  test("are said in exactly these words", async () => {
    const said = listCodes().map((code) => block(code, demoWith(CODES[code].wrong)));
    await expect(said.join("\n")).toMatchFileSnapshot("corpus/pages.txt");
  });
});

const block = (title: string, text: string): string =>
  `## ${title}\n\n${messagesOf(text).join("\n\n")}\n`;

/** Each value is a map, which none may be. */
const MAPS = `keysystem: policy/v1
cluster:
  { name: { a: b }, domain: { a: b }, internal-domain: { a: b }, realm: { a: b }, networks: { n: { a: b } } }
directories:
  ldap: { max-age: { a: b }, when-unreachable: [a, b] }
  gitlab: { max-age: 5m, when-unreachable: { use-last: { a: b } } }
authorities:
  all: { kind: { a: b }, keys: { a: b }, lifetime: { a: b }, max-lifetime: { a: b }, backdate: { a: b } }
  nodes: { kind: tls, keys: [ed25519], lifetime: 1d }
  tls: { kind: tls, keys: [ed25519], lifetime: 1d }
  host: { kind: ssh-host, keys: [ed25519], lifetime: 1d }
  user: { kind: ssh-user, keys: [ed25519], lifetime: 1d }
roles: [master]
nodes:
  m1: { roles: { a: b }, address: { a: b } }
people:
  ops: { from: { a: b }, also-in: { a: b } }
grants:
  given: { to: { a: b }, issue: { a: b }, lifetime: { a: b } }
  short: { to: { a: b }, issue: user, principals: [x], lifetime: { a: b }, source-address: { a: b }, reason: { a: b } }
  back: { to: master, issue: nodes, usage: client, cn: x, recover: { within: { a: b }, times: { a: b } } }
  tls: { to: master, issue: tls, usage: { a: b }, cn: { a: b }, o: { a: b }, names: { a: b }, wildcard: { a: b } }
  host: { to: master, issue: host, names: { a: b } }
  user: { to: ops, issue: user, principals: { a: b }, may-choose: { a: b }, choose-at-most: { a: b }, extensions: { a: b }, force-command: { a: b } }
  file: { to: master, fetch: { a: b } }
  admit: { to: ops, admit: { a: b }, token-lifetime: { a: b } }
  operate: { to: ops, operate: { a: b } }
never:
  - { id: { a: b }, who: { is: { a: b } }, gets: { cn: { a: b } } }
  - { id: a, who: { not: { a: b } }, because: { a: b }, gets: { lifetime-over: { a: b }, wildcard: { a: b } } }
  - { id: b, who: [a], gets: [a] }
tests:
  - { as: [m1, m1], ask: { a: b }, from: { a: b }, choose: { a: b }, lifetime: { a: b }, node: { a: b }, expect: [a, b] }
  - { as: { user: { a: b }, principal: { a: b }, in: { a: b } }, holds-exactly: { a: b } }
  - { as: m1, ask: tls, expect: { lifetime: { a: b }, cn: { a: b }, names: { a: b } } }
`;

describe("what is no value is called by its key and by what it is of", () => {
  test("in exactly these words", async () => {
    const said = messagesOf(MAPS).map((message) => message.split("\n", 1)[0]);
    await expect(`${said.join("\n")}\n`).toMatchFileSnapshot("corpus/maps.txt");
  });
});

describe("lockouts", () => {
  test.each(LOCKOUTS)("%s", (_, part, codes) => {
    expect(codesOf(demoWith(part)).filter((code) => code !== "W602")).toEqual(codes);
  });
});

test.each([
  ["nothing", "", ["E111"]],
  ["a list", "- a", ["E111"]],
  ["a binary file", "\0\u0001", ["E101"]],
  ["too much", " ".repeat(MAX_BYTES + 1), ["E101"]],
  ["too much in UTF-8", `#${"é".repeat(MAX_BYTES / 2)}`, ["E101"]],
  ["no section", "keysystem: policy/v1", ["E112"]],
])("%s is no policy", (_, text, codes) => {
  expect(codesOf(text)).toEqual(codes);
});
