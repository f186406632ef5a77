import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runAsGroup, type Hook } from "../../../client/service/hook.ts";
import { formatReload, runReload } from "../../../client/service/reload.ts";
import { makeRoot } from "./scratch.ts";

const APPEND =
  "require('fs').appendFileSync(process.argv[1], process.argv[2] + '\\n'); process.exit(Number(process.argv[3] ?? 0))";

/** Commands that write a word each into one file; `fails` ends with 3 after it. */
function commandsOf(words: readonly string[], fails?: string) {
  const file = join(makeRoot(), "seen");
  const reload = words.map((word) => {
    const end = word === fails ? ["3"] : [];
    return [process.execPath, "-e", APPEND, file, word, ...end];
  });
  return { reload, seen: () => readFileSync(file, "utf8").trimEnd().split("\n") };
}

test("commands run in their order, each when the one before has ended", async () => {
  const { reload, seen } = commandsOf(["one", "two", "three"]);
  expect(await runReload(runAsGroup, { reload, timeout: 10 })).toEqual({ ok: true });
  expect(seen()).toEqual(["one", "two", "three"]);
});

test("none runs after one that fails, and the failure says which it was", async () => {
  const { reload, seen } = commandsOf(["one", "two", "three"], "two");
  const result = await runReload(runAsGroup, { reload, timeout: 10 });
  const place = `2 of 3, ${reload[1]?.join(" ")}`;
  expect(result).toMatchObject({
    ok: false,
    message: `${process.execPath} ended with 3 (${place})`,
  });
  expect(seen()).toEqual(["one", "two"]);
});

test("a failure of the only command says no more than that", async () => {
  const { reload } = commandsOf(["one"], "one");
  const result = await runReload(runAsGroup, { reload, timeout: 10 });
  expect(result).toMatchObject({ ok: false, message: `${process.execPath} ended with 3` });
});

test("each command has the recipe's time; without any there is nothing to fail", async () => {
  const hooks: Hook[] = [];
  const note = (hook: Hook) => {
    hooks.push(hook);
    return Promise.resolve({ ok: true } as const);
  };
  expect(await runReload(note, { reload: [], timeout: 7 })).toEqual({ ok: true });
  expect(hooks).toEqual([]);
  await runReload(note, { reload: [["a", "b"], ["c"]], timeout: 7 });
  expect(hooks).toEqual([
    { command: ["a", "b"], timeout: 7 },
    { command: ["c"], timeout: 7 },
  ]);
});

test("people read the commands on one line", () => {
  expect(formatReload([["systemctl", "reload", "x"]])).toBe("systemctl reload x");
  expect(formatReload([["a", "b"], ["c"]])).toBe("a b; c");
  expect(formatReload([])).toBe("");
});
