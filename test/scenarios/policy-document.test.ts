import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { run, type Outcome } from "../harness/command.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import { edit, EXAMPLE } from "../unit/policy/example.ts";

/** docs/policy.md shows what the commands print, to the letter; blanks at the end of a line aside. */
const page = readFileSync(join(CHECKOUT, "docs/policy.md"), "utf8");

const NEW = [
  ["from: [ldap:hyades-oncall]", "from: [ldap:hyades-oncall, kerberos:zed@EXAMPLE.EDU]"],
  ["  c1: { roles", "  w4: { roles: [worker], address: 10.18.60.24 }\n  c1: { roles"],
  ["lifetime: 12h, ext", "lifetime: 16h, ext"],
  [
    "  - { id: no-wildcard,     who: { not: [ceph] },                 gets: { wildcard: true } }\n",
    "",
  ],
] as const;

const folder = mkdtempSync(join(tmpdir(), "policy-document-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "policy.yaml"), EXAMPLE);
writeFileSync(
  join(folder, "new.yaml"),
  NEW.reduce((text, [from, to]) => edit(text, from, to), EXAMPLE),
);
const SNAPSHOT = readFileSync(join(CHECKOUT, "test/unit/policy/effects/access.txt"), "utf8");
writeFileSync(join(folder, "policy.access"), SNAPSHOT);

const keyserver = (words: string): Promise<Outcome> =>
  run(KEYSERVER, words.split(" "), { cwd: folder, timeout: 60 });

describe("a transcript", () => {
  const transcripts = [...page.matchAll(/^\$ keyserver (.+)\n([^]*?)\n(?=\n\$ |```)/gm)].map(
    ([, words = "", printed = ""]) => [words, printed] as const,
  );
  test("stands there for each command", () =>
    expect(transcripts.map(([words]) => words.split(" ")[1])).toEqual(
      "check explain explain who-can diff fmt".split(" "),
    ));
  test.each(transcripts)("%s", async (words, printed) => {
    const { stdout } = await keyserver(words);
    expect(stdout.replaceAll(/ +$/gm, "").trimEnd()).toBe(printed);
  });
});

describe("as JSON", () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+(?: .+?)?)` \| ((?:`[a-z]+` ?)+) \|$/gm)]
    .filter(({ index }) => index > page.indexOf("## As JSON"))
    .map(([, words = "", keys = ""]) => [words, keys.replaceAll("`", "").split(" ")] as const);
  test("each command has a row", () => expect(rows).toHaveLength(10));
  test.each(rows)("%s", async (words, keys) => {
    const { stdout } = await keyserver(`policy ${words} --json`);
    const document: unknown = JSON.parse(stdout);
    expect(document).toMatchObject({ schema: 1 });
    expect(Object.keys(Object(document))).toEqual(["schema", ...keys]);
  });
});
