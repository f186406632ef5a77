import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Value } from "typebox/value";
import { Status } from "../../protocol/admin-messages.ts";
import { listDescendants } from "../harness/process-table.ts";
import { waitFor } from "../harness/wait.ts";
import { type ApplySite, EDITS, startSite } from "./policy-apply-site.ts";

const NODES = /nodes: # only a machine[^]*?(?=grants:)/;
let site: ApplySite;

beforeAll(async () => {
  site = await startSite();
});
afterAll(async () => {
  await site.cluster.dispose();
});
beforeEach(async () => {
  site.write();
  const back = await site.policy("rollback", "1", "--yes");
  expect(back).toMatchObject({ code: 0 });
});

/** What keyserver answers by, and what it would start with. */
async function inForce(): Promise<readonly [string, string]> {
  const { stdout } = await site.cluster.keyserver(["status", "--json"]);
  const { schema: _, ...status }: Record<string, unknown> = JSON.parse(stdout);
  return [Value.Parse(Status, status).policy.hash, readFileSync(site.applied, "utf8")];
}

const history = (): readonly string[] => {
  const folder = join(dirname(site.applied), "history");
  return existsSync(folder) ? readdirSync(folder) : [];
};

describe("apply refuses, and nothing has changed", () => {
  test.each<
    readonly [string, readonly (readonly [string, string])[], readonly string[], number, RegExp]
  >([
    ["an error", [EDITS.wrong], ["--yes"], 5, /E201[^]*nothing was applied/],
    ["a failing test", [EDITS.failing], ["--yes"], 5, /E501[^]*nothing was applied/],
    [
      "a never rule that is gone",
      [EDITS.noRule],
      ["--yes"],
      5,
      /never rule registry-off-master would be weakened or removed; nothing was applied\n.*--loosen registry-off-master/,
    ],
    ["a never rule that forbids less", [EDITS.weakRule], ["--yes"], 5, /would be weakened/],
    [
      "another rule named than the one that is weakened",
      [EDITS.weakRule],
      ["--yes", "--loosen", "registry-off-master", "other"],
      2,
      /--loosen other: this edit weakens no such never rule/,
    ],
    [
      "a rule named that is not weakened",
      [EDITS.shorter],
      ["--yes", "--loosen", "registry-off-master"],
      2,
      /weakens no such never rule/,
    ],
    ["nobody to ask", [EDITS.shorter], [], 2, /asks on a terminal[^]*policy apply --yes/],
    [
      "nobody to ask about a weakened rule",
      [EDITS.noRule],
      ["--loosen", "registry-off-master"],
      2,
      /keyserver policy apply --loosen registry-off-master --yes/,
    ],
    ["a file that is not there", [], ["--yes", "--file", "/nowhere.yaml"], 2, /does not exist/],
  ])("%s", async (_, edits, args, code, want) => {
    const before = await inForce();
    const kept = history();
    site.write(...edits);
    const outcome = await site.policy("apply", ...args);
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(want)]);
    expect(outcome.stderr).toMatch(/^keyserver: hint: /m);
    expect(await inForce()).toEqual(before);
    expect(history()).toEqual(kept);
  });

  test("no keyserver", async () => {
    const before = await inForce();
    await site.cluster.stop();
    site.write(EDITS.shorter);
    expect(await site.policy("apply", "--yes")).toMatchObject({ code: 4 });
    await site.cluster.start();
    expect(await inForce()).toEqual(before);
  });

  test("an included file of the policy's own name", async () => {
    const before = await inForce();
    const folder = join(site.cluster.folder, "own");
    mkdirSync(folder);
    const text = site.text();
    writeFileSync(join(folder, "new.yaml"), text.replace(NODES, "include: policy.yaml\n\n"));
    writeFileSync(join(folder, "policy.yaml"), NODES.exec(text)?.[0] ?? "");
    const outcome = await site.policy("apply", "--yes", "--file", join(folder, "new.yaml"));
    expect(outcome).toMatchObject({ code: 5, stderr: expect.stringMatching(/its own name/) });
    expect(await inForce()).toEqual(before);
  });
});

describe("apply", () => {
  test("shows what changes, and the log names the hash and who", async () => {
    site.write(EDITS.shorter, EDITS.node);
    const outcome = await site.policy("apply", "--yes");
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toMatch(/^ {2}\+ {2}node w2/m);
    expect(outcome.stdout).toMatch(/limits\n.*services.*lifetime 30d -> 20d/);
    const [hash, applied] = await inForce();
    expect(applied).toBe(site.text());
    expect(outcome.stdout).toMatch(
      new RegExp(`^applied: ${hash.slice(0, 8)} is in force, version \\d+$`, "m"),
    );
    const ledger = readFileSync(join(site.cluster.root, "var/lib/keysystem/ledger.db-wal"));
    expect(ledger.toString("latin1")).toMatch(
      new RegExp(`"event":"policy.reloaded","by":"root","policy":"${hash}"`),
    );
  });

  test("is one JSON document with --json", async () => {
    site.write(EDITS.noRule);
    const args = ["--yes", "--json", "--loosen", "registry-off-master"];
    const outcome = await site.policy("apply", ...args);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      applied: true,
      counts: { loosened: 1 },
      policy: (await inForce())[0],
    });
  });

  test("has nothing to do, with or without a terminal", async () => {
    const kept = history();
    const outcome = await site.policy("apply");
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/^nothing to do: /) });
    expect(history()).toEqual(kept);
  });

  test("puts a copy right that somebody wrote to, and compares with what is in force", async () => {
    const before = readFileSync(site.applied, "utf8");
    site.write(EDITS.noRule);
    writeFileSync(site.applied, site.text());
    const outcome = await site.policy("apply", "--yes");
    expect(outcome).toMatchObject({ code: 5, stderr: expect.stringMatching(/would be weakened/) });
    site.write();
    expect(await site.policy("apply", "--yes")).toMatchObject({ code: 0 });
    expect(readFileSync(site.applied, "utf8")).toBe(before);
  });

  test("of another file makes it policy.yaml; an edit that was never applied is kept", async () => {
    site.write(EDITS.shorter);
    const other = join(site.cluster.folder, "other.yaml");
    writeFileSync(other, site.text());
    site.write(EDITS.comment);
    const pending = site.text();
    const unasked = await site.policy("apply", "--file", other);
    expect(unasked.stderr).toContain(`keyserver policy apply --file ${other} --yes`);
    const outcome = await site.policy("apply", "--yes", "--file", other);
    expect(outcome).toMatchObject({ code: 0 });
    const [, copy = ""] = /^kept what was never applied: (.*)$/m.exec(outcome.stdout) ?? [];
    expect(readFileSync(copy, "utf8")).toBe(pending);
    expect(site.text()).toBe(readFileSync(other, "utf8"));
    expect((await inForce())[1]).toBe(site.text());
  });
});

describe("apply on a terminal", () => {
  const QUESTION = "Put this into force? [yes/no] ";

  test.each(["n\n", "\n", "what\n", "\u0003", "\u0004"])("%j changes nothing", async (answer) => {
    const before = await inForce();
    site.write(EDITS.shorter);
    const outcome = await site.onTerminal("apply", [[QUESTION, answer]]);
    expect([outcome.code, outcome.stdout]).toEqual([
      5,
      expect.stringMatching(/lifetime 30d -> 20d[^]*error: nothing was applied/),
    ]);
    expect(await inForce()).toEqual(before);
  });

  test("yes puts what was shown into force, not what was written meanwhile; and nobody else meanwhile", async () => {
    site.write(EDITS.shorter);
    const shown = site.text();
    const meanwhile = async (): Promise<string> => {
      site.write(EDITS.noRule);
      const second = await site.policy("apply", "--yes", "--loosen", "registry-off-master");
      expect([second.code, second.stderr]).toEqual([5, expect.stringMatching(TAKEN)]);
      return "y\n";
    };
    const outcome = await site.onTerminal("apply", [[QUESTION, meanwhile]]);
    expect(outcome.code).toBe(0);
    expect((await inForce())[1]).toBe(shown);
    expect(site.text()).not.toBe(shown);
    expect(existsSync(`${site.file}.holder`)).toBe(false);
  });

  test("a keysigner that does not take it: the copy is put back, and the next apply works", async () => {
    const before = await inForce();
    const kept = history();
    site.write(EDITS.shorter);
    const signer = listDescendants(site.cluster.current().pid)[0] ?? 0;
    const stopSigner = (): Promise<string> => {
      process.kill(signer, "SIGSTOP");
      return Promise.resolve("y\n");
    };
    const outcome = await site
      .onTerminal("apply", [[QUESTION, stopSigner]])
      .finally(() => process.kill(signer, "SIGCONT"));
    expect(outcome.code).not.toBe(0);
    expect(readFileSync(site.applied, "utf8")).toBe(before[1]);
    expect(history()).toEqual(kept);
    await waitFor("keysigner", async () => {
      const { stdout } = await site.cluster.keyserver(["status", "--json"]);
      return /"ready": true/.test(stdout);
    });
    expect(await inForce()).toEqual(before);
    expect(await site.policy("apply", "--yes")).toMatchObject({ code: 0 });
  }, 120_000);
});

const TAKEN = /is taken: \S+.* applies it since 20.*Z, process \d+; nothing was changed/;
