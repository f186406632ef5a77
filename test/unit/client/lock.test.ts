import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withLock } from "../../../client/agent/lock.ts";
import { makeRoot } from "./scratch.ts";

test("while one is at work another is refused, and afterwards it is not", async () => {
  const path = join(makeRoot(), "lock");
  const work = withLock(path, async () => {
    await expect(withLock(path, () => Promise.resolve())).rejects.toMatchObject({
      exit: 4,
      message: `somebody else is at work here (process ${process.pid}, ${path})`,
    });
    return "done";
  });
  expect(await work).toBe("done");
  expect(await withLock(path, () => Promise.resolve("again"))).toBe("again");
  expect(existsSync(path)).toBe(false);
});

test("a lock is given up when the work fails", async () => {
  const path = join(makeRoot(), "lock");
  const failing = withLock(path, () => Promise.reject(new Error("broken")));
  await expect(failing).rejects.toThrow("broken");
  expect(existsSync(path)).toBe(false);
});

test("a lock that cannot be written is named, and leaves nothing", async () => {
  const path = join(makeRoot(), "no-folder", "lock");
  await expect(withLock(path, () => Promise.resolve())).rejects.toMatchObject({
    exit: 5,
    message: expect.stringContaining(`${path}.${process.pid}: `),
  });
});

test.for([
  { name: "of a process that is gone", text: "4194999 12345" },
  { name: "of a process whose number was given to another", text: `${process.pid} 1` },
  { name: "that is empty", text: "" },
  { name: "that is garbage", text: "lock" },
])("a lock $name is taken over, and leftovers go", async ({ text }) => {
  const root = makeRoot();
  const path = join(root, "lock");
  writeFileSync(path, text);
  writeFileSync(`${path}.4194998`, "4194998 1");
  const held = await withLock(path, () => Promise.resolve(readFileSync(path, "utf8")));
  expect(held).toMatch(new RegExp(`^${process.pid} \\d+$`));
  expect(readdirSync(root)).toEqual([]);
});
