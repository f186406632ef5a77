import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { expect, test } from "vitest";
import { CHECKOUT } from "../harness/source-tree.ts";
import { PROGRAMS } from "./command-line/programs.ts";

const readme = readFileSync(join(CHECKOUT, "README.md"), "utf8");

test("README.md names every script of package.json, and no other", () => {
  const text = readFileSync(join(CHECKOUT, "package.json"), "utf8");
  const { scripts } = Value.Parse(
    Type.Object({ scripts: Type.Record(Type.String(), Type.String()) }),
    JSON.parse(text),
  );
  const named = [...readme.matchAll(/\bnpm (?:run )?(test|(?<=run )[a-z:]+)/g)];
  expect([...new Set(named.map(([, name = ""]) => name))].sort()).toEqual(
    Object.keys(scripts).sort(),
  );
});

test("README.md leads to every page of docs/", () => {
  const pages = readdirSync(join(CHECKOUT, "docs")).filter((name) => name.endsWith(".md"));
  expect(pages.filter((name) => !readme.includes(`(docs/${name}`))).toEqual([]);
});

test.for(PROGRAMS)("README.md names every command of $name", ({ name, command }) => {
  const row = readme.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? "";
  const named = [...(row.split("|")[4] ?? "").matchAll(/`(\w+)`/g)].map(([, word = ""]) => word);
  const inEach = ["version", "completion", "man"];
  const commands = command.commands.map((child) => child.name());
  expect(named.toSorted()).toEqual(commands.filter((word) => !inEach.includes(word)).toSorted());
});
