import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApplySite, EDITS, startSite } from "./policy-apply-site.ts";

/** One history, told from its begin: each test goes on where the one before ended. */
let site: ApplySite;
let first = "";

beforeAll(async () => {
  site = await startSite();
  first = site.text();
});
afterAll(async () => {
  await site.cluster.dispose();
});

const folder = (): string => join(dirname(site.applied), "history");
const rows = async (): Promise<readonly string[]> =>
  (await site.policy("history")).stdout.trimEnd().split("\n").slice(1);
const NODES = /nodes: # only a machine[^]*?(?=grants:)/;

test("an authority that was just made has one version, init's", async () => {
  expect(await rows()).toEqual([expect.stringMatching(/^1 +20\S+Z +[0-9a-f]{8} +init +–$/)]);
  expect(await site.policy("show")).toMatchObject({ code: 0, stdout: first });
});

test("an apply adds a version, with what it changed and who did it", async () => {
  site.write(EDITS.shorter, EDITS.node);
  expect(await site.policy("apply", "--yes")).toMatchObject({ code: 0 });
  expect(await rows()).toEqual([
    expect.stringMatching(/^2 +\S+Z +[0-9a-f]{8} +root +\d+ gained, 0 lost, \d+ changed/),
    expect.stringMatching(/^1 .* init +–$/),
  ]);
  expect((await site.policy("show", "1")).stdout).toBe(first);
  expect((await site.policy("show", "2")).stdout).toBe(site.text());
});

test("a refused apply adds none", async () => {
  site.write(EDITS.noRule);
  expect(await site.policy("apply", "--yes")).toMatchObject({ code: 5 });
  expect(await rows()).toHaveLength(2);
});

test("diff takes the numbers of versions", async () => {
  const { code, stdout } = await site.policy("diff", "2", "--against", "1");
  expect([code, stdout]).toEqual([0, expect.stringMatching(/\+ {2}node w2/)]);
  const back = await site.policy("diff", "1");
  expect(back.stdout).toMatch(/- {2}node w2/);
});

describe("a number that is none", () => {
  test.each([
    ["show", "3"],
    ["show", "0"],
    ["show", "../../policy"],
    ["rollback", "x"],
    ["rollback", "99999999999999999999"],
    ["diff", "7"],
  ])("%s %s", async (...words) => {
    const { code, stderr } = await site.policy(...words);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/no version "[^]*hint: 1 to 2: /)]);
  });
});

test("rollback goes the road of apply: it asks, and refuses to weaken a rule", async () => {
  site.write(EDITS.node);
  writeFileSync(site.file, site.text().replace(EDITS.noRule[0], ""));
  const loosen = ["--loosen", "registry-off-master"];
  expect(await site.policy("apply", "--yes", ...loosen)).toMatchObject({ code: 0 });
  expect(await site.policy("rollback", "2")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/keyserver policy rollback 2 --yes/),
  });
  expect(await site.policy("rollback", "2", "--yes")).toMatchObject({ code: 0 });
  const refused = await site.policy("rollback", "3", "--yes");
  expect([refused.code, refused.stderr]).toEqual([5, expect.stringMatching(/would be weakened/)]);
  expect(await rows()).toHaveLength(4);
});

test("after a rollback policy.yaml is the policy in force, after a start too", async () => {
  appendFileSync(site.file, "# a note that nobody applied\n");
  const noted = site.text();
  const { code, stdout } = await site.policy("rollback", "1", "--yes");
  expect([code, site.text()]).toEqual([0, first]);
  const [, kept = ""] = /^kept what was never applied: (.*)$/m.exec(stdout) ?? [];
  expect(readFileSync(kept, "utf8")).toBe(noted);
  await site.cluster.stop();
  await site.cluster.start();
  expect(await site.cluster.keyserver(["status", "--check"])).toMatchObject({ code: 0 });
  const again = await site.policy("rollback", "1", "--yes");
  expect(again.stdout).toMatch(/^nothing to do: /);
});

test("a version holds the inventory that it was applied with", async () => {
  const inventory = NODES.exec(first)?.[0] ?? "";
  const beside = join(dirname(site.file), "inventory.yaml");
  writeFileSync(site.file, first.replace(NODES, "include: inventory.yaml\n\n"));
  writeFileSync(beside, inventory);
  expect(await site.policy("apply", "--yes")).toMatchObject({ code: 0 });
  const [newest = ""] = await rows();
  const [number = ""] = newest.split(" ");
  const more = `${inventory.trimEnd()}\n  w9: { roles: [worker], address: 127.0.0.9 }\n`;
  writeFileSync(beside, more);
  expect(await site.policy("apply", "--yes")).toMatchObject({ code: 0 });
  expect(await site.cluster.keyserver(["node", "admit", "w9"])).toMatchObject({ code: 0 });
  const back = await site.policy("rollback", number, "--yes");
  expect([back.code, back.stdout]).toEqual([0, expect.stringMatching(/- {2}node w9/)]);
  expect(readFileSync(beside, "utf8")).toBe(inventory);
  expect(await site.cluster.keyserver(["node", "admit", "w9"])).not.toMatchObject({ code: 0 });
  expect(await site.cluster.keyserver(["status", "--check"])).toMatchObject({ code: 0 });
});

test("a record that was cut off does not count, and the next apply makes up for it", async () => {
  const before = await rows();
  const records = readdirSync(folder()).filter((name) => name.endsWith(".json"));
  rmSync(join(folder(), records.toSorted().at(-1) ?? ""));
  writeFileSync(join(folder(), "0099-00000000.json"), "{");
  expect(await rows()).toHaveLength(before.length);
  expect((await rows())[0]).toMatch(/ unknown +–$/);
  site.write(EDITS.comment);
  expect(await site.policy("apply", "--yes")).toMatchObject({ code: 0 });
  expect((await rows())[1]).toMatch(/ unknown +–$/);
  expect(await rows()).toHaveLength(before.length + 1);
  rmSync(join(folder(), "0099-00000000.json"));
});

test("the last hundred are kept, never without the one in force", async () => {
  const records = readdirSync(folder()).filter((name) => name.endsWith(".json"));
  const newest: { number: number } = JSON.parse(
    readFileSync(join(folder(), records.toSorted().at(-1) ?? ""), "utf8"),
  );
  for (let number = newest.number + 1; number <= 120; number += 1) {
    const name = join(folder(), `${String(number).padStart(4, "0")}-00000000.json`);
    writeFileSync(name, JSON.stringify({ ...newest, number }));
  }
  site.write(EDITS.shorter);
  expect(await site.policy("apply", "--yes")).toMatchObject({ code: 0 });
  const kept = await rows();
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([
    100,
    expect.stringMatching(/^121 /),
    expect.stringMatching(/^22 /),
  ]);
  expect((await site.policy("show")).stdout).toBe(site.text());
  expect(readdirSync(folder()).filter((name) => name.startsWith("0001-"))).toEqual([]);
});
