import { describe, expect, test } from "vitest";
import {
  findCycles,
  findTooLong,
  findUndocumented,
  findWrongImports,
} from "../../harness/conventions.ts";
import { parseSource } from "../../harness/source-tree.ts";

describe("arrows", () => {
  test.for([
    { path: "policy/decide.ts", line: 'import { hash } from "node:crypto";' },
    { path: "policy/decide.ts", line: 'import { x } from "../keys/formats/der.ts";' },
    { path: "policy/decide.ts", line: 'import type { T } from "typebox";' },
    { path: "keys/formats/der.ts", line: 'import { readFileSync } from "node:fs";' },
    { path: "keys/formats/der.ts", line: 'import { x } from "../signer/messages.ts";' },
    { path: "keys/signer/main.ts", line: 'import { x } from "../../protocol/problems.ts";' },
    { path: "protocol/messages.ts", line: 'import { x } from "../policy/decision.ts";' },
    { path: "server/issue/issuer.ts", line: 'import { x } from "../../client/agent/join.ts";' },
    { path: "server/issue/issuer.ts", line: 'import { x } from "../../test/harness/cluster.ts";' },
    { path: "client/agent/join.ts", line: 'import { x } from "../../server/time.ts";' },
    { path: "client/agent/join.ts", line: 'const x = await import("../../keys/signer/main.ts");' },
    { path: "client/agent/join.ts", line: 'export { x } from "../../policy/decide.ts";' },
    { path: "attic/old.ts", line: "" },
  ])("$path must not hold: $line", ({ path, line }) => {
    expect(findWrongImports([parseSource(path, line)])).toHaveLength(1);
  });

  test.for([
    { path: "policy/read.ts", line: 'import { parseDocument } from "yaml";' },
    { path: "keys/formats/x.ts", line: 'import { KEY_KINDS } from "../../policy/decision.ts";' },
    { path: "server/issue/issuer.ts", line: 'import { decide } from "../../policy/decide.ts";' },
    { path: "client/agent/join.ts", line: 'import { connect } from "node:tls";' },
  ])("$path may hold: $line", ({ path, line }) => {
    expect(findWrongImports([parseSource(path, line)])).toEqual([]);
  });

  test("a cycle is named whole, a cycle of types alone is none", () => {
    const a = parseSource("a.ts", 'import { b } from "./b.ts";');
    const back = parseSource("b.ts", 'import { a } from "./a.ts";');
    const typed = parseSource("b.ts", 'import type { A } from "./a.ts";');
    expect(findCycles([a, back])).toEqual(["a.ts → b.ts → a.ts"]);
    expect(findCycles([a, typed])).toEqual([]);
  });
});

describe("size", () => {
  const body = (lines: number): string => "  call();\n".repeat(lines);
  const limit = { file: 20, of: 10 };
  test.for([
    { what: "function", text: `export function f(): void {\n${body(9)}}\n` },
    { what: "async function", text: `async function f(): Promise<void> {\n${body(9)}}\n` },
    { what: "arrow", text: `const f = (a: A): B => {\n${body(9)}};\n` },
    { what: "arrow with its own lines of arguments", text: `const f = (\n${body(9)}) => 1;\n` },
    { what: "file", text: "const a = 1;\n".repeat(21) },
  ])("$what over the limit", ({ text }) => {
    expect(findTooLong([parseSource("a.ts", text)], limit)).toHaveLength(1);
  });

  test("at the limit", () => {
    const text = `function f(): void {\n${body(8)}}\n`.repeat(2);
    expect(findTooLong([parseSource("a.ts", text)], limit)).toEqual([]);
  });
});

describe("contracts", () => {
  test.for([
    "export const a = 1;",
    "/** For b. */\nexport const b = 1;\n\nexport function a(): void {}",
    "// not a contract\nexport type A = { readonly a: string };",
    "export async function a(): Promise<void> {}",
  ])("missing: %s", (text) => {
    expect(findUndocumented([parseSource("a.ts", text)])).toHaveLength(1);
  });

  test.for([
    "/** Says it. */\nexport const a = 1;",
    "/** Says it. */\nexport const a = 1;\nexport const b = 2;",
    "export type A = (typeof A)[number];",
    "const inner = 1;",
  ])("there: %s", (text) => {
    expect(findUndocumented([parseSource("a.ts", text)])).toEqual([]);
  });
});
