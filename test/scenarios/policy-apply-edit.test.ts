import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type ApplySite, EDITS, type Exchange, startSite } from "./policy-apply-site.ts";
import type { Outcome } from "../harness/command.ts";

let site: ApplySite;
let first = "";

beforeAll(async () => {
  site = await startSite();
  first = site.text();
});
afterAll(async () => {
  await site.cluster.dispose();
});
beforeEach(async () => {
  site.write();
  rmSync(`${site.file}.edit`, { force: true });
  expect(await site.policy("rollback", "1", "--yes")).toMatchObject({ code: 0 });
});

const ASK = "Put this into force? [yes/edit/throw away] ";
const WRONG = "What now? [edit/throw away] ";
const SHORTER = "s/rsa-3072\\], lifetime: 30d/rsa-3072], lifetime: 20d/";

/** `policy edit` with sed(1) as the editor, and these words for it. */
const edit = (script: string, talk: readonly Exchange[], words = "edit"): Promise<Outcome> => {
  const editor = join(site.cluster.folder, "editor");
  writeFileSync(editor, `#!/bin/sh\n${script}\n`);
  chmodSync(editor, 0o755);
  return site.onTerminal(words, talk, { EDITOR: editor });
};
const sed = (expression: string): string => `sed -i '${expression}' "$1"`;

const unchanged = (): void => {
  expect([site.text(), readFileSync(site.applied, "utf8")]).toEqual([first, first]);
};

test("an edit that is right and wanted is in force, and in policy.yaml", async () => {
  const outcome = await edit(sed(SHORTER), [[ASK, "y\n"]]);
  expect([outcome.code, outcome.stdout]).toEqual([
    0,
    expect.stringMatching(/30d -> 20d[^]*applied: /),
  ]);
  expect(site.text()).toBe(first.replace(EDITS.shorter[0], EDITS.shorter[1]));
  expect(readFileSync(site.applied, "utf8")).toBe(site.text());
  expect(await site.cluster.keyserver(["status", "--check"])).toMatchObject({ code: 0 });
});

test("no change", async () => {
  const outcome = await edit("true", []);
  expect([outcome.code, outcome.stdout]).toEqual([
    0,
    expect.stringMatching(/^no change; nothing was applied$/m),
  ]);
  unchanged();
});

test("what is wrong is shown, edited again, and then right", async () => {
  const mark = join(site.cluster.folder, "mark");
  const twice = `if [ -e ${mark} ]; then ${sed("s/wroker/worker/")}; ${sed(SHORTER)}; else touch ${mark}; ${sed("s/to: worker/to: wroker/")}; fi`;
  const outcome = await edit(twice, [
    [WRONG, "\n"],
    [ASK, "yes\n"],
  ]);
  expect([outcome.code, outcome.stdout]).toEqual([
    0,
    expect.stringMatching(/policy.yaml:25:19: error\[E201\]/),
  ]);
  expect(outcome.stdout).not.toMatch(/keyserver-edit-/);
  expect(readFileSync(site.applied, "utf8")).toBe(
    first.replace(EDITS.shorter[0], EDITS.shorter[1]),
  );
});

test.each([
  ["a wrong one", "s/to: worker/to: wroker/", WRONG],
  ["a right one", SHORTER, ASK],
  ["one that weakens a rule", "s/not: \\[worker\\]/not: [worker, master]/", WRONG],
])("%s is thrown away", async (_, expression, question) => {
  const outcome = await edit(sed(expression), [[question, "t\n"]]);
  expect([outcome.code, outcome.stdout]).toEqual([
    5,
    expect.stringMatching(/thrown away; nothing was changed/),
  ]);
  unchanged();
  expect(existsSync(`${site.file}.edit`)).toBe(false);
});

test("a weakened rule that was named beforehand is asked about", async () => {
  const weaker = sed("s/not: \\[worker\\]/not: [worker, master]/");
  const outcome = await edit(weaker, [[ASK, "y\n"]], "edit --loosen registry-off-master");
  expect([outcome.code, outcome.stdout]).toEqual([0, expect.stringMatching(/LOOSENED/)]);
});

test.each([
  ["Ctrl-D at the question", sed(SHORTER), [[ASK, "\u0004"]], 5],
  ["an editor that fails", `${sed(SHORTER)}; exit 3`, [], 1],
] as const)("%s: nothing is changed, and the edit is kept", async (_, script, talk, code) => {
  const outcome = await edit(script, talk);
  expect([outcome.code, outcome.stdout]).toEqual([
    code,
    expect.stringMatching(/your edit is kept: keyserver policy apply --file \S+policy\.yaml\.edit/),
  ]);
  unchanged();
  const kept = `${site.file}.edit`;
  expect(readFileSync(kept, "utf8")).toContain("lifetime: 20d");
  expect(await site.policy("apply", "--yes", "--file", kept)).toMatchObject({ code: 0 });
  expect(site.text()).toContain("lifetime: 20d");
});

test("an editor that is not there", async () => {
  const outcome = await site.onTerminal("edit", [], { EDITOR: "/nowhere/editor" });
  expect([outcome.code, outcome.stdout]).toEqual([
    1,
    expect.stringMatching(/does not start[^]*hint: name your editor/),
  ]);
  unchanged();
});

test("one at a time: the second is told who edits", async () => {
  const meanwhile = async (): Promise<string> => {
    const second = await site.onTerminal("edit", [], { EDITOR: "/bin/true" });
    const apply = await site.policy("apply", "--yes");
    for (const { code, stdout, stderr } of [second, apply])
      expect([code, stdout + stderr]).toEqual([
        5,
        expect.stringMatching(/is taken: \S+.* edits it since .*Z, process \d+/),
      ]);
    return "t\n";
  };
  expect(await edit(sed(SHORTER), [[ASK, meanwhile]])).toMatchObject({ code: 5 });
  unchanged();
});

test("without a terminal", async () => {
  const outcome = await site.policy("edit");
  expect([outcome.code, outcome.stderr]).toEqual([
    2,
    expect.stringMatching(/needs a terminal[^]*policy apply --yes/),
  ]);
});

test("what was written to policy.yaml meanwhile is kept", async () => {
  const meanwhile = async (): Promise<string> => {
    writeFileSync(site.file, `${first}# meanwhile\n`);
    return Promise.resolve("y\n");
  };
  const { code, stdout } = await edit(sed(SHORTER), [[ASK, meanwhile]]);
  const [, kept = ""] = /^kept what was never applied: (.*)$/m.exec(stdout) ?? [];
  expect([code, readFileSync(kept, "utf8")]).toEqual([0, `${first}# meanwhile\n`]);
});

test("an edit goes on from what was not applied yet, of which nothing is laid aside", async () => {
  site.write(EDITS.comment);
  const { code, stdout } = await edit(sed(SHORTER), [[ASK, "y\n"]]);
  expect([code, stdout]).toEqual([0, expect.not.stringContaining("never applied")]);
  expect(site.text()).toContain("# kinds of machines");
  expect(site.text()).toContain("lifetime: 20d");
});
