import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Value } from "typebox/value";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PolicyReload, Status } from "../../protocol/admin-messages.ts";
import { Health } from "../../protocol/messages.ts";
import { ADMIN_PATHS, PATHS } from "../../protocol/paths.ts";
import { countEvents, ledgerFile } from "../faults/authority-state.ts";
import { askHttps } from "../harness/test-node.ts";
import { askOverSocket } from "../harness/unix-request.ts";
import { waitFor } from "../harness/wait.ts";
import { type ApplySite, EDITS, startSite } from "./policy-apply-site.ts";

/** What SIGHUP does, and how a policy that is not in force is seen. */

let site: ApplySite;

beforeAll(async () => {
  site = await startSite();
});
afterAll(async () => {
  await site.cluster.dispose();
});
beforeEach(async () => {
  site.write();
  const { hash } = (await status()).policy;
  if (!(await status()).policy.fileInForce) await site.policy("rollback", "1", "--yes");
  expect((await status()).problems, hash).toEqual([]);
});

const ask = (
  method: "GET" | "POST",
  path: string,
  body?: unknown,
): ReturnType<typeof askOverSocket> =>
  askOverSocket(join(site.cluster.root, "run/keysystem/admin.sock"), method, path, body);
async function status(): Promise<Status> {
  return Value.Parse(Status, JSON.parse((await ask("GET", ADMIN_PATHS.status)).body));
}
async function health(): Promise<Health> {
  const { status: code, body } = await askHttps(site.cluster, PATHS.healthz);
  expect(code).toBe(200);
  return Value.Parse(Health, JSON.parse(body));
}
/** The value of one sample of `GET /metrics`. */
async function metric(sample: string): Promise<number | undefined> {
  const { body } = await ask("GET", ADMIN_PATHS.metrics);
  const line = body.split("\n").find((text) => text.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

/** Sends SIGHUP, and gives what the log says of it. */
async function signal(): Promise<Record<string, unknown>> {
  const keyserver = site.cluster.current();
  const before = keyserver.output().length;
  process.kill(keyserver.pid, "SIGHUP");
  const line = await waitFor(
    "an answer to SIGHUP",
    () =>
      keyserver
        .output()
        .slice(before)
        .split("\n")
        .find((text) => text.includes('"by":"SIGHUP"')),
    60,
  );
  return JSON.parse(line);
}

describe("SIGHUP", () => {
  test("puts an edit that loosens nothing into force, and the history says how", async () => {
    const before = await metric('keysystem_policy_reloads_total{result="ok"}');
    site.write(EDITS.shorter);
    expect((await status()).policy.fileInForce).toBe(false);
    const { policy } = await signal();
    expect((await status()).policy).toMatchObject({ hash: policy, fileInForce: true });
    expect((await site.policy("history")).stdout).toMatch(/^\d+ .* \w+ \(SIGHUP\) /m);
    expect(await metric('keysystem_policy_reloads_total{result="ok"}')).toBe((before ?? 0) + 1);
    expect(await metric(`keysystem_policy_info{hash="${String(policy)}"}`)).toBe(1);
    expect(await metric("keysystem_policy_file_in_force")).toBe(1);
  });

  test.each<readonly [string, readonly (readonly [string, string])[], RegExp, RegExp]>([
    ["an error", [EDITS.wrong], /policy.yaml:25:19: error\[E201\]/, /keyserver policy check/],
    ["a failing test", [EDITS.failing], /does not pass.*E501/, /keyserver policy check/],
    [
      "a never rule that is gone",
      [EDITS.noRule],
      /never rule registry-off-master would be weakened/,
      /keyserver policy apply --loosen registry-off-master/,
    ],
    ["a never rule that forbids less", [EDITS.weakRule], /would be weakened/, /--loosen/],
  ])("%s changes nothing, and is said everywhere", async (_, edits, why, hint) => {
    const { policy } = await status();
    const refused = await metric('keysystem_policy_reloads_total{result="refused"}');
    const noted = countEvents(site.cluster, "policy.refused");
    site.write(...edits);
    expect(await signal()).toMatchObject({
      level: 50,
      why: expect.stringMatching(why),
      hint: expect.stringMatching(hint),
    });
    const after = await status();
    expect(after).toMatchObject({ ready: true, policy: { hash: policy.hash, fileInForce: false } });
    expect(after.problems.join("\n")).toMatch(
      /policy diff, then keyserver policy apply\na policy did not come into force at .*\(SIGHUP\)/,
    );
    expect(countEvents(site.cluster, "policy.refused")).toBe(noted + 1);
    expect(await metric('keysystem_policy_reloads_total{result="refused"}')).toBe(
      (refused ?? 0) + 1,
    );
    expect((await health()).checks).toMatchObject([{ name: "policy", ok: false }]);
    // Whoever takes the edit back has nothing more to do.
    site.write();
    expect((await status()).problems).toEqual([]);
    expect((await health()).checks).toEqual([{ name: "policy", ok: true }]);
  });

  test("what no policy may hold changes nothing, whatever it is", async () => {
    const { policy } = await status();
    const text = site.text();
    const bomb = Array.from(
      { length: 30 },
      (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`,
    );
    const hostile: readonly (readonly [string, RegExp])[] = [
      [`a0: &a0 [x, x]\n${bomb.join("\n")}\n${text}`, /E10\d/],
      [text.replace("  w1:", "\tw1:"), /E101/],
      [text.replace("roles: [master, worker]", "roles: [master, worker]\nroles: [master]"), /E102/],
      [text.replace("name: demo", "name: !!js/function demo"), /E103/],
      [text.replace("  name: demo", "  name: demo\n  <<: { a: b }"), /E103/],
      [text.replace("name: demo", "name: &name demo"), /E103/],
      [text.replace("  name: demo", "  name: demo\n  colour: red"), /E110/],
      [text.replace("to: worker,", "to: worker, wildcard: yes,"), /E\d\d\d/],
      [`${text}#${"x".repeat(1024 * 1024)}`, /a policy has at most 1048576 bytes/],
    ];
    for (const [wrong, why] of hostile) {
      expect(wrong).not.toBe(text);
      writeFileSync(site.file, wrong);
      expect(await signal()).toMatchObject({ why: expect.stringMatching(why) });
    }
    expect(await status()).toMatchObject({ ready: true, policy: { hash: policy.hash } });
  });

  test("a file that is gone changes nothing", async () => {
    rmSync(site.file);
    expect(await signal()).toMatchObject({ why: expect.stringMatching(/does not exist/) });
    expect(await metric("keysystem_policy_file_in_force")).toBe(0);
  });

  test("while somebody edits it, changes nothing and says who", async () => {
    const meanwhile = async (): Promise<string> => {
      site.write(EDITS.comment);
      expect(await signal()).toMatchObject({ why: expect.stringMatching(/is taken: .* edits it/) });
      return "t\n";
    };
    const { policy } = await status();
    await site.onTerminal("edit", [["What now? ", meanwhile]], {
      EDITOR: "sed -i s/lifetime:/lifetme:/",
    });
    expect((await status()).policy).toMatchObject({ hash: policy.hash, fileInForce: false });
  });

  test("where nothing was edited takes the applied copy anew", async () => {
    const reloaded = countEvents(site.cluster, "policy.reloaded");
    const { policy } = await status();
    expect(await signal()).toMatchObject({ policy: policy.hash, level: 30 });
    expect(countEvents(site.cluster, "policy.reloaded")).toBe(reloaded + 1);
  });

  test("an applied copy that is broken is refused until it is whole again", async () => {
    const { policy } = await status();
    const text = site.text();
    for (const file of [site.file, site.applied]) writeFileSync(file, `${text}broken: yes\n`);
    const { err } = await signal();
    expect(JSON.stringify(err)).toMatch(/does not pass its check/);
    expect((await status()).policy.hash).toBe(policy.hash);
    expect(await metric("keysystem_policy_refused")).toBe(1);
    for (const file of [site.file, site.applied]) writeFileSync(file, text);
    // The applied copy was not seen whole yet.
    expect((await status()).problems).toEqual([expect.stringMatching(/did not come into force/)]);
    expect(await signal()).toMatchObject({ policy: policy.hash });
    expect(await metric("keysystem_policy_refused")).toBe(0);
  });
});

test("a ledger that cannot be written: nothing is half done, and it is said", async () => {
  const { policy } = await status();
  const history = (await site.policy("history")).stdout;
  site.write(EDITS.shorter);
  const db = new Database(ledgerFile(site.cluster));
  db.exec("BEGIN IMMEDIATE");
  const outcome = await site.policy("apply", "--yes").finally(() => {
    db.exec("ROLLBACK");
    db.close();
  });
  expect([outcome.code, outcome.stderr]).toEqual([
    4,
    expect.stringMatching(/ledger.*; nothing was applied, the policy before is in force\n.*hint: /),
  ]);
  expect((await status()).policy.hash).toBe(policy.hash);
  expect((await site.policy("history")).stdout).toBe(history);
  const reload = await ask("POST", ADMIN_PATHS.policyReload);
  expect(Value.Parse(PolicyReload, JSON.parse(reload.body)).policy).toBe(policy.hash);
  expect((await status()).ready).toBe(true);
  expect(await site.policy("apply", "--yes")).toMatchObject({ code: 0 });
});
