import { describe, expect, test } from "vitest";
import { parseConfiguration } from "../../../keys/signer/configuration.ts";

const parse = (text: string): ReturnType<typeof parseConfiguration> =>
  parseConfiguration(text, "signer.yaml");

test("all of it", () => {
  expect(
    parse(
      'names: [keyserver.example, 10.0.0.1, "::1"]\nseal: { file: /etc/keysystem/seal }\nuser: keysigner\n',
    ),
  ).toEqual({
    names: ["keyserver.example", "10.0.0.1", "::1"],
    seal: { file: "/etc/keysystem/seal" },
    user: "keysigner",
  });
  expect(parse("names: [a]\nseal:\n  credential: seal\n")).toEqual({
    names: ["a"],
    seal: { credential: "seal" },
  });
});

describe("refuses", () => {
  const seal = "seal: { file: /x }\n";
  test.for([
    ["nothing", "", "1:1: here belong names"],
    ["a list", "- a\n", "1:1: here belong names"],
    ["no names", seal, "names: is missing"],
    ["no seal", "names: [a]\n", "seal: is missing"],
    ["an unknown key", `names: [a]\n${seal}nmaes: [b]\n`, '3:1: unknown key "nmaes"'],
    ["a key twice", `names: [a]\nnames: [b]\n${seal}`, "2:1: "],
    ["a key without a value", `names:\n${seal}`, "1:7: names: here belongs a list"],
    ["an empty list", `names: []\n${seal}`, "1:8: names: here belongs a list"],
    ["one name that is no list", `names: a\n${seal}`, "1:8: names: here belongs a list"],
    ["an upper-case name", `names: [Keyserver]\n${seal}`, "neither a lower-case DNS name"],
    ["a wildcard", `names: ["*.example"]\n${seal}`, "neither a lower-case DNS name"],
    ["an address that is none", `names: [10.0.0.256]\n${seal}`, "neither a lower-case DNS name"],
    [
      "an address that is not canonical",
      `names: ["::0"]\n${seal}`,
      "neither a lower-case DNS name",
    ],
    ["a number", `names: [7]\n${seal}`, "1:9: here belongs a text"],
    [
      "file and credential",
      "names: [a]\nseal: { file: /x, credential: y }\n",
      "2:7: seal: takes either",
    ],
    ["neither", "names: [a]\nseal: {}\n", "seal: takes either"],
    ["another way to seal", "names: [a]\nseal: { prompt: true }\n", 'unknown key "prompt"'],
    [
      "a path for a credential",
      "names: [a]\nseal: { credential: ../x }\n",
      "is a name, not a path",
    ],
    ["an alias", `names: &n [a]\n${seal}user: *n\n`, "3:7: "],
    ["a tag", `names: !!set [a]\n${seal}`, "1:"],
    ["YAML that is none", "names: [a\nseal: x\n", "signer.yaml:"],
  ] as const)("%s", ([, text, message]) => expect(() => parse(text)).toThrow(message));
});
