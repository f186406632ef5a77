import {
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { afterAll, beforeEach, expect, test } from "vitest";
import { listCodes } from "../../../policy/codes/codes.ts";
import { run, type Outcome } from "../../harness/command.ts";
import { CHECKOUT } from "../../harness/source-tree.ts";
import { demoWith } from "../../documents/demo-policy.ts";
import { edit, EXAMPLE } from "./example.ts";

const folder = mkdtempSync(join(tmpdir(), "keysystem-formats-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, "a policy#1.yaml");
const WRONG = edit(EXAMPLE, "to: root-admins, issue: ssh-user", "to: root-admin, issue: ssh-user");
const WARNED = demoWith("");
beforeEach(() => writeFileSync(file, EXAMPLE));

/** Without a root folder, a server, a network or secrets: only the checkout and a file. */
const policy = (...args: readonly string[]): Promise<Outcome> =>
  run(join(CHECKOUT, "server/bin/keyserver"), ["policy", ...args], {
    env: { PATH: process.env["PATH"] ?? "" },
    timeout: 120,
  });

/** SARIF 2.1.0 as far as the programs that show it rely on it (§3.13, §3.27, §3.30). */
const Sarif = Type.Object({
  version: Type.Literal("2.1.0"),
  runs: Type.Array(
    Type.Object({
      tool: Type.Object({
        driver: Type.Object({
          name: Type.String(),
          rules: Type.Array(Type.Object({ id: Type.String() })),
        }),
      }),
      results: Type.Array(
        Type.Object({
          ruleId: Type.String(),
          ruleIndex: Type.Integer({ minimum: 0 }),
          level: Type.Union([Type.Literal("error"), Type.Literal("warning")]),
          message: Type.Object({ text: Type.String({ minLength: 1 }) }),
          locations: Type.Array(
            Type.Object({
              physicalLocation: Type.Object({
                artifactLocation: Type.Object({ uri: Type.String() }),
                region: Type.Object({
                  startLine: Type.Integer(),
                  startColumn: Type.Integer(),
                  endColumn: Type.Integer(),
                }),
              }),
            }),
          ),
          relatedLocations: Type.Optional(Type.Array(Type.Unknown())),
        }),
      ),
    }),
  ),
});

test("a sound policy", { timeout: 120_000 }, async () => {
  expect(await policy("check", file)).toMatchObject({ code: 0, stderr: "" });
  expect(await policy("check", file, "--format", "short")).toEqual({
    code: 0,
    stdout: "",
    stderr: "",
  });
});

test("a line for each message", { timeout: 120_000 }, async () => {
  writeFileSync(file, WRONG);
  const { code, stdout } = await policy("check", file, "--format", "short");
  expect(code).toBe(5);
  expect(stdout).toBe(`${file}:85:11: error[E201]: unknown role or people group "root-admin"\n`);
});

test("SARIF", { timeout: 120_000 }, async () => {
  writeFileSync(file, WRONG);
  const { code, stdout } = await policy("check", file, "--format", "sarif");
  expect(code).toBe(5);
  const [log] = Value.Parse(Sarif, JSON.parse(stdout)).runs;
  expect(log?.tool.driver.rules.map(({ id }) => id)).toEqual(listCodes());
  const [result, second] = log?.results ?? [];
  expect(second).toBeUndefined();
  expect(listCodes()[result?.ruleIndex ?? -1]).toBe("E201");
  expect(result?.relatedLocations).toHaveLength(1);
  const { artifactLocation, region } = result?.locations[0]?.physicalLocation ?? {};
  expect(artifactLocation?.uri).toBe(file.replaceAll(" ", "%20").replaceAll("#", "%23"));
  expect(region).toEqual({ startLine: 85, startColumn: 11, endColumn: 21 });
});

test("JSON, the same with --json", { timeout: 120_000 }, async () => {
  writeFileSync(file, WRONG);
  const { code, stdout } = await policy("check", file, "--format", "json");
  expect(code).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({
    passes: false,
    errors: 1,
    diagnostics: [{ code: "E201" }],
  });
  expect((await policy("check", file, "--json")).stdout).toBe(stdout);
});

test("--strict fails for a warning, and nothing else does", { timeout: 120_000 }, async () => {
  writeFileSync(file, WARNED);
  expect((await policy("check", file)).code).toBe(0);
  expect((await policy("check", file, "--strict")).code).toBe(5);
  expect((await policy("check", file, "--format", "xml")).code).toBe(2);
});

test("--explain prints a page, and needs a code that there is", { timeout: 120_000 }, async () => {
  expect(await policy("check", "--explain", "E401")).toMatchObject({ code: 0, stderr: "" });
  expect((await policy("check", "--explain", "E999")).code).toBe(2);
});

test("fmt --check changes nothing; fmt follows a link", { timeout: 120_000 }, async () => {
  const link = join(folder, "link.yaml");
  symlinkSync("a policy#1.yaml", link);
  const checked = await policy("fmt", "--check", link);
  expect(checked.code).toBe(5);
  expect(checked.stdout).toContain("would reformat 16 lines (53, 54, 65,");
  expect(readFileSync(file, "utf8")).toBe(EXAMPLE);
  expect((await policy("fmt", link)).code).toBe(0);
  expect(readlinkSync(link)).toBe("a policy#1.yaml");
  expect(readFileSync(file, "utf8")).not.toBe(EXAMPLE);
  expect((await policy("fmt", "--check", link)).code).toBe(0);
  writeFileSync(file, "a: [");
  expect((await policy("fmt", link)).code).toBe(5);
  expect(readFileSync(file, "utf8")).toBe("a: [");
});
