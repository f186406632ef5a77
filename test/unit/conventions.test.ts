import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { describe, expect, test } from "vitest";
import { formatErrorDocument } from "../documents/error-table.ts";
import {
  findCycles,
  findLines,
  findTooLong,
  findUndocumented,
  findWrongImports,
} from "../harness/conventions.ts";
import { CHECKOUT, listFiles, readSources, type Source } from "../harness/source-tree.ts";

const HOUSE = ["policy", "keys", "protocol", "server", "client", "systemd"];
const PAGES = ["docs", ".ci", ...HOUSE, "test"];
const house = readSources(HOUSE);
const all = [...house, ...readSources(["test"])];
const read = (path: string): string => readFileSync(join(CHECKOUT, path), "utf8");

/** Fails with one violation a line, so that the list can be read and worked off. */
const expectNone = (violations: readonly string[]): void =>
  expect(violations.join("\n"), `${violations.length} violations`).toBe("");

/** The programs: where a clock may be read, since everything else is handed the time. */
const isProgram = ({ path }: Source): boolean =>
  /(?:^|\/)main\.ts$|^server\/keyserver\.ts$|^client\/key(?:client|req)\.ts$/.test(path);

describe("arrows", () => {
  test("the house is there", () => expect(house.length).toBeGreaterThan(10));
  test("imports go one way", () => expectNone(findWrongImports(house)));
  test("no import cycles", () => expectNone(findCycles(all)));
});

describe("files", () => {
  test("are kebab-case nouns, none a barrel or a drawer", () => {
    const drawers = /^(?:index|utils?|helpers?|common|misc|shared|manager|types)\.ts$/;
    const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test|\.config|\.d)?\.ts$/;
    const bad = all.filter(
      ({ path }) => drawers.test(basename(path)) || !kebab.test(basename(path)),
    );
    expectNone(bad.map(({ path }) => path));
  });
  test("have named exports only", () =>
    expectNone(findLines(all, /^export default|^export \* |^export \{[^}]*\bas default\b/)));
  test("do not pass on what they import", () =>
    expectNone(findLines(house, /^export (?:type )?\{[^}]*\} from "/)));
  test("are short, and so are functions", () =>
    expectNone(findTooLong(all, { file: 300, of: 60 })));
  test("say the contract of each export", () => expectNone(findUndocumented(house)));
});

describe("code", () => {
  const inner = house.filter((source) => !isProgram(source));
  test("reads no clock outside the programs", () =>
    expectNone(findLines(inner, /\bnew Date\(\)|\bDate\.now\b/)));
  test("draws no randomness outside the programs", () =>
    expectNone(findLines(inner, /\bMath\.random\b/)));
  test("overrides no check", () =>
    expectNone(findLines(all, /@ts-(?:ignore|nocheck|expect-error)|(?:ox|es)lint-disable/)));
  test("uses no shell", () =>
    expectNone(findLines(house, /\bexecSync\(|\bexec\(`|\bshell: true\b/)));
});

describe("documents", () => {
  test("docs/errors.md is the table of errors", () =>
    expect(read("docs/errors.md"), "run: npm run documents").toBe(formatErrorDocument()));
  test("each dependency has a line in docs/dependencies.md", () => {
    const text = read("docs/dependencies.md");
    const named = [...text.matchAll(/^\| `([^`]+)` /gm)].map((found) => found[1] ?? "");
    expect(named.sort()).toEqual(
      listDependencies()
        .map(({ name }) => name)
        .sort(),
    );
  });
  test("dependencies are exact versions", () =>
    expectNone(
      listDependencies().flatMap(({ name, version }) =>
        /^\d+\.\d+\.\d+$/.test(version) ? [] : [`${name}: ${version}`],
      ),
    ));
  test("no dependency but kerberos and node runs a script at its installation", () => {
    const { packages } = Value.Parse(Lockfile, JSON.parse(read("package-lock.json")));
    const scripted = Object.entries(packages).filter(
      ([, entry]) => entry.hasInstallScript === true,
    );
    expect(scripted.map(([path]) => path)).toEqual(["node_modules/kerberos", "node_modules/node"]);
  });
  test("know nothing of the machine they were written on", () => {
    const paths = [
      ...PAGES.flatMap((folder) => listFiles(folder)),
      "package.json",
      "package-lock.json",
    ];
    const foreign = /(?<![\w.])\/work\/|(?<![\w.])\/home\/\w|\.\.\/shared\b|"resolved":/;
    expectNone(
      paths.filter((path) => !path.endsWith("conventions.test.ts") && foreign.test(read(path))),
    );
  });
});

const Manifest = Type.Object({
  dependencies: Type.Record(Type.String(), Type.String()),
  devDependencies: Type.Record(Type.String(), Type.String()),
});

const Lockfile = Type.Object({
  packages: Type.Record(
    Type.String(),
    Type.Object({ hasInstallScript: Type.Optional(Type.Boolean()) }),
  ),
});

function listDependencies(): readonly { readonly name: string; readonly version: string }[] {
  const manifest = Value.Parse(Manifest, JSON.parse(read("package.json")));
  return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).map(
    ([name, version]) => ({ name, version }),
  );
}
