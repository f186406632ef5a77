import fc from "fast-check";
import { Type } from "typebox";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../protocol/config-error.ts";
import { MAX_CONFIG_BYTES, parseConfig } from "../../../protocol/config-file.ts";

const Probe = Type.Union([
  Type.Object({ kind: Type.Literal("tls"), host: Type.String() }),
  Type.Object({ kind: Type.Literal("ssh"), port: Type.Integer() }),
  Type.Literal("none"),
]);
const Shape = Type.Object({
  listen: Type.String({ minLength: 1 }),
  advertise: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 2 }),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  log: Type.Optional(Type.Union([Type.Literal("debug"), Type.Literal("info")])),
  on: Type.Optional(Type.Boolean()),
  mode: Type.Optional(
    Type.String({ pattern: "^0[0-7]{3}$", description: 'a mode such as "0640"' }),
  ),
  probe: Type.Optional(Probe),
  files: Type.Optional(
    Type.Record(Type.String({ pattern: "^[a-z]+$" }), Type.Object({ path: Type.String() })),
  ),
});
const GOOD = "listen: a\nadvertise: [b]\n";

const messageOf = (text: string): string => {
  try {
    parseConfig(Shape, text, "f.yaml");
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "nothing is wrong";
};

describe("good files", () => {
  test.for([
    { text: GOOD, want: { listen: "a", advertise: ["b"] } },
    { text: GOOD.replaceAll("\n", "\r\n"), want: { listen: "a", advertise: ["b"] } },
    { text: `\ufeff# comment\n${GOOD}`, want: { listen: "a", advertise: ["b"] } },
    { text: `${GOOD}probe: none\n`, want: { probe: "none" } },
    { text: `${GOOD}probe: { kind: ssh, port: 22 }\n`, want: { probe: { kind: "ssh", port: 22 } } },
    { text: `${GOOD}mode: "0640"\n`, want: { mode: "0640" } },
    { text: `${GOOD}files:\n  key: { path: /k }\n`, want: { files: { key: { path: "/k" } } } },
  ])("$text", ({ text, want }) => {
    expect(parseConfig(Shape, text, "f.yaml")).toMatchObject(want);
  });

  test("are frozen to the last list", () => {
    const config = parseConfig(Shape, GOOD, "f.yaml");
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.advertise)).toBe(true);
  });
});

describe("keys", () => {
  test.for([
    ["", "1:1: the file is empty; write its keys"],
    ["# nothing\n", "1:1: the file is empty; write its keys"],
    ["listen: a\n", '1:1: key "advertise" is missing; add "advertise:" with a list, as in "- one"'],
    [`${GOOD}advertize: 3\n`, '3:1: unknown key "advertize"; did you mean "advertise"?'],
    ["listn: a\n", '1:1: unknown key "listn"; did you mean "listen"?'],
    [`${GOOD}__proto__: {}\n`, '3:1: unknown key "__proto__"; the keys here are'],
    [`${GOOD}constructor: {}\n`, '3:1: unknown key "constructor"; the keys here are'],
    [`${GOOD}files:\n  a: { pth: a }\n`, '4:8: unknown key "pth"; did you mean "path"?'],
    [`${GOOD}files: { A: { path: a } }\n`, '3:10: key "A" must match ^[a-z]+$'],
    [`${GOOD}listen: c\n`, "3:1: the key is there twice; remove one of them"],
    ["1: a\n", "1:1: a key must be text; put it in quotes"],
    ["? [a]\n: b\n", "1:3: a key must be text; put it in quotes"],
  ] as const)("%j", ([text, want]) => {
    expect(messageOf(text)).toContain(`f.yaml:${want}`);
  });
});

describe("values", () => {
  test.for([
    ["- a\n", "1:1: a list must be a mapping of keys"],
    ["text\n", '1:1: "text" must be a mapping of keys'],
    ["listen:\nadvertise: [b]\n", "1:1: listen: has no value; write text"],
    ['listen: ""\nadvertise: [b]\n', "1:9: listen: must not be empty"],
    ["listen: 5\nadvertise: [b]\n", "1:9: listen: 5 must be text; put it in quotes"],
    ["listen: a\nadvertise: []\n", "2:12: advertise: the list has 0 items; give 1 to 2 items"],
    ["listen: a\nadvertise: b\n", '2:12: advertise: "b" must be a list'],
    ["listen: a\nadvertise:\n  - b\n  - 3\n", "4:5: advertise: 3 must be text"],
    [`${GOOD}port: "22"\n`, '3:7: port: "22" must be a whole number'],
    [`${GOOD}port: 70000\n`, "3:7: port: 70000 must be 1 to 65535"],
    [`${GOOD}port: 1.5\n`, "3:7: port: 1.5 must be a whole number"],
    [`${GOOD}port: .nan\n`, "3:7: port: NaN must be a whole number"],
    [`${GOOD}port: 022\n`, "3:7: 022 is not read as a number"],
    [`${GOOD}log: inf\n`, '3:6: log: "inf" must be one of "debug", "info"; did you mean "info"?'],
    [`${GOOD}on: yes\n`, '3:5: on: "yes" must be true or false'],
    [`${GOOD}mode: 0644\n`, "3:7: 0644 is not read as a number"],
    [`${GOOD}mode: "644"\n`, '3:7: mode: "644" must be a mode such as "0640"'],
    [`${GOOD}probe: x\n`, '3:8: probe: "x" must be a mapping of keys or "none"'],
    [
      `${GOOD}probe: { kind: tsl }\n`,
      '3:16: kind: "tsl" must be one of "tls", "ssh"; did you mean "tls"',
    ],
    [
      `${GOOD}probe: { kind: ssh, host: a }\n`,
      '3:21: unknown key "host"; the keys here are kind, port',
    ],
    [`${GOOD}probe: { kind: tls }\n`, '3:8: probe: key "host" is missing'],
  ] as const)("%j", ([text, want]) => {
    expect(messageOf(text)).toContain(`f.yaml:${want}`);
  });
});

describe("what YAML can do and a configuration may not", () => {
  test.for([
    ["listen: &a b\nadvertise: [*a]\n", "1:12: anchors (&name) are not read"],
    ["listen: *b\n", "alias"],
    ["listen: !!str a\n", "1:15: tags (!name) are not read"],
    ["listen: !!js/function a\n", "1:9: tags (!name) are not read"],
    [`!!map\n${GOOD}`, "tags (!name) are not read"],
    [`${GOOD}<<: { on: true }\n`, "3:1: merge keys (<<) are not read"],
    [`${GOOD}---\n${GOOD}`, "3:1: a second document begins here"],
    [`%YAML 1.1\n---\n${GOOD}`, "1:1: directives (%YAML, %TAG) are not read"],
    [`%TAG ! tag:x,2000:\n---\n${GOOD}`, "1:1: directives (%YAML, %TAG) are not read"],
    [`%FOO\n---\n${GOOD}`, "f.yaml:1:1: "],
    ["listen: a\n\tadvertise: b\n", "2:1: a tab cannot indent; use spaces"],
    ["listen: [a\n", "f.yaml:2:1: "],
    ['listen: "a: "b"\n', "f.yaml:1:14: "],
    ["listen: a\0b\n", "holds a NUL byte"],
    [`listen: ${Buffer.of(0xff).toString()}\n`, "is not UTF-8 text"],
    [`listen: ${"x".repeat(MAX_CONFIG_BYTES)}\n`, "are more than the 262144 read"],
    ["[".repeat(100_000), "is nested too deeply"],
    ["{a: ".repeat(60_000), "is nested too deeply"],
  ] as const)("%.40j", ([text, want]) => {
    expect(messageOf(text)).toContain(want);
  });

  test("a bomb of aliases is refused at once", () => {
    const rows = Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`);
    const begin = performance.now();
    expect(messageOf(`a0: &a0 [x]\n${rows.join("\n")}\n`)).toContain("anchors");
    expect(performance.now() - begin).toBeLessThan(1000);
  });
});

test("any text is either a configuration or a ConfigError with a place", () => {
  const piece = fc.constantFrom(
    "listen",
    "advertise",
    ":",
    " ",
    "\n",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a",
    "*a",
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join("")),
  );
  fc.assert(
    fc.property(text, (some) => {
      const message = messageOf(some);
      expect(message === "nothing is wrong" || /^f\.yaml:\d+:\d+: \S/.test(message)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("a schema with a keyword that is not read is a programmer's mistake", () => {
  const odd = Type.Object({ list: Type.Array(Type.String(), { uniqueItems: true }) });
  expect(() => parseConfig(odd, "list: [a]\n", "f.yaml")).toThrow(TypeError);
});
