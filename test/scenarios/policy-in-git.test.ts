import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { filesOf } from "../documents/document-files.ts";
import { run, runOk, type Outcome } from "../harness/command.ts";
import { CHECKOUT_IS_OPEN } from "../harness/reachable.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { edit, EXAMPLE } from "../unit/policy/example.ts";

/** docs/policy-in-git.md is followed to the letter, in a repository made of the files that it shows. */
const files = filesOf("docs/policy-in-git.md");
const fileOf = (name: string): string => files.get(name) ?? "";

const folder = mkdtempSync(join(tmpdir(), "policy-in-git-"));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));
const origin = join(folder, "origin");
const repository = join(folder, "branch");

/** No setting of whoever runs the tests plays a part. */
const env = {
  PATH: `${dirname(KEYSERVER)}:${process.env["PATH"] ?? ""}`,
  HOME: folder,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "ann",
  GIT_AUTHOR_EMAIL: "ann@example.edu",
  GIT_COMMITTER_NAME: "ann",
  GIT_COMMITTER_EMAIL: "ann@example.edu",
};
const shell = (script: string, more: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  run("/bin/sh", ["-euc", script], { cwd: repository, env: { ...env, ...more }, timeout: 60 });
const git = (...args: readonly string[]): Promise<string> =>
  runOk("git", args, { cwd: repository, env });

const write = (text: string): void => writeFileSync(join(repository, "policy.yaml"), text);
const WRITE_ACCESS = "keyserver policy access --file policy.yaml > policy.access";
const commit = (): Promise<string> => git("commit", "--quiet", "--no-verify", "-am", "an edit");

const WIDER = edit(EXAMPLE, "o: cluster-users", "o: [cluster-users, cluster-friends]");
const LOOSER = edit(
  EXAMPLE,
  "  - { id: no-wildcard,     who: { not: [ceph] },                 gets: { wildcard: true } }\n",
  "",
);

beforeAll(async () => {
  mkdirSync(origin);
  for (const [name, content] of files) {
    mkdirSync(dirname(join(origin, name)), { recursive: true });
    writeFileSync(join(origin, name), content, { mode: 0o755 });
  }
  writeFileSync(join(origin, "policy.yaml"), EXAMPLE);
  const first = `git init --quiet --initial-branch=main; ${WRITE_ACCESS}; git add .; git commit --quiet -m first`;
  await runOk("/bin/sh", ["-euc", first], { cwd: origin, env });
});
beforeEach(async () => {
  rmSync(repository, { recursive: true, force: true });
  await runOk("git", ["clone", "--quiet", origin, repository], { env });
  await git("switch", "--quiet", "-c", "edit");
});

test("the page shows each file that it lists", () =>
  expect([...files.keys()]).toEqual([
    "check-policy.sh",
    "compare-policy.sh",
    ".gitlab-ci.yml",
    ".github/workflows/policy.yml",
    ".githooks/pre-commit",
    "take-policy.sh",
  ]));

describe("check-policy.sh", () => {
  test("passes on what was committed", async () =>
    expect(await shell("sh check-policy.sh")).toMatchObject({ code: 0, stderr: "" }));

  test.each([
    [
      "wider access without a new policy.access",
      WIDER,
      "policy.access is not what policy.yaml gives",
    ],
    ["a looser limit without one", LOOSER, "-never: no-wildcard wildcard not ceph"],
    [
      "a word that is none",
      edit(EXAMPLE, "lifetime: 12h, ext", "lifetme: 12h, ext"),
      "error[E110]",
    ],
    [
      "a test that fails",
      edit(EXAMPLE, "etcd-client, expect: denied", "kubelet, expect: denied"),
      "E501",
    ],
    [
      "a warning",
      edit(EXAMPLE, "people:     ", "people:\n  idle: { from: [ldap:idle] }\n"),
      "W601",
    ],
  ])("refuses %s", async (_, text, message) => {
    write(text);
    const { code, stdout, stderr } = await shell("sh check-policy.sh");
    expect(stdout + stderr).toContain(message);
    expect(code).toBe(5);
  });

  test.each([
    ["wider access", WIDER],
    ["a looser limit", LOOSER],
  ])("passes on %s with a new policy.access", async (_, text) => {
    write(text);
    expect((await shell(`${WRITE_ACCESS}; sh check-policy.sh`)).code).toBe(0);
  });

  test.skipIf(!CHECKOUT_IS_OPEN)("needs no network and no rights", async () => {
    const nobody =
      "setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all";
    const cache = "NODE_COMPILE_CACHE=/nonexistent";
    const command = (policy: string): Promise<Outcome> =>
      shell(`cp ${policy} policy.yaml; unshare --net ${nobody} env ${cache} sh check-policy.sh`);
    expect(await shell(`unshare --net ${nobody} cat /proc/net/dev`)).toMatchObject({ code: 0 });
    expect(await command(join(origin, "policy.yaml"))).toMatchObject({ code: 0, stderr: "" });
    writeFileSync(join(folder, "wider.yaml"), WIDER);
    expect(await command(join(folder, "wider.yaml"))).toMatchObject({ code: 5 });
  });
});

describe("compare-policy.sh", () => {
  test.each([
    ["wider access", WIDER, "loosened", 0, "0 gained, 0 lost, 1 changed"],
    ["wider access, where nobody may get more", WIDER, "gained", 5, "0 gained, 0 lost, 1 changed"],
    ["a looser limit", LOOSER, "loosened", 5, "never no-wildcard  REMOVED"],
    ["a looser limit that was agreed on", LOOSER, "", 0, "never no-wildcard  REMOVED"],
  ])("%s", async (_, text, kinds, code, message) => {
    write(text);
    await commit();
    const outcome = await shell(`sh compare-policy.sh origin/main ${kinds}`);
    expect(outcome).toMatchObject({ code, stderr: "" });
    expect(outcome.stdout).toContain(message);
  });

  test("is against the commit that the branch began at", async () => {
    await git("switch", "--quiet", "main");
    write(LOOSER);
    await commit();
    await git("switch", "--quiet", "edit");
    const { code, stdout } = await shell("sh compare-policy.sh main loosened,lost,gained");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "nothing changes; tests 17/17 pass\n" });
  });
});

const GitLab = Type.Record(
  Type.String(),
  Type.Object({ script: Type.Optional(Type.Array(Type.String())) }),
);
const Step = Type.Object({
  name: Type.Optional(Type.String()),
  run: Type.Optional(Type.String()),
});
const GitHub = Type.Object({
  jobs: Type.Object({ policy: Type.Object({ steps: Type.Array(Step) }) }),
});

/** Jobs of either service, all but those that bring the programs. */
function jobs(): readonly (readonly [string, string])[] {
  const gitlab = Value.Parse(GitLab, parse(fileOf(".gitlab-ci.yml")));
  const github = Value.Parse(GitHub, parse(fileOf(".github/workflows/policy.yml")));
  return [
    ...Object.entries(gitlab).flatMap(([name, { script }]) =>
      script === undefined ? [] : [[`GitLab ${name}`, script.join("\n")] as const],
    ),
    ...github.jobs.policy.steps.flatMap(({ name, run: script }, at) =>
      script === undefined || name === "install" ? [] : [[`GitHub ${at}`, script] as const],
    ),
  ];
}

/** What the services say of a merge request. */
const REQUEST = { CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main", GITHUB_BASE_REF: "main" };

async function failing(): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (const [name, script] of jobs()) {
    const { code } = await shell(script, REQUEST);
    if (code !== 0) outcomes.push(`${name}: ${code}`);
  }
  return outcomes;
}

describe("the jobs", () => {
  test("fail where access is wider and policy.access as it was, and pass with a new one", async () => {
    write(WIDER);
    await commit();
    expect(await failing()).toEqual(["GitLab check-policy: 5", "GitHub 5: 5"]);
    await shell(WRITE_ACCESS);
    await commit();
    expect(await failing()).toEqual([]);
  });

  test("fail for a looser limit, but for the label", async () => {
    write(LOOSER);
    await shell(WRITE_ACCESS);
    await commit();
    expect(await failing()).toEqual(["GitLab limits: 5", "GitHub 7: 5"]);
  });

  test("leave SARIF for GitHub also where the check fails", async () => {
    write(edit(EXAMPLE, "lifetime: 12h, ext", "lifetme: 12h, ext"));
    await commit();
    expect(await failing()).toContain("GitHub 3: 5");
    const sarif: unknown = JSON.parse(readFileSync(join(repository, "policy.sarif"), "utf8"));
    expect(sarif).toMatchObject({ version: "2.1.0", runs: [{ results: [{ ruleId: "E110" }] }] });
  });
});

describe("the hook", () => {
  const tryCommit = (files: string): Promise<Outcome> =>
    shell(`git config core.hooksPath .githooks; git add ${files}; git commit --quiet -m edit`);

  test("refuses a policy without its policy.access, and takes both", async () => {
    write(WIDER);
    await shell(WRITE_ACCESS);
    // The right file lies there, and is not what is going to be committed.
    const { code, stderr } = await tryCommit("policy.yaml");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "policy.access is not what policy.yaml gives: 1 line new, 1 line gone",
    );
    expect(stderr).toContain("keyserver policy access --file policy.yaml > policy.access");
    expect((await tryCommit("policy.yaml policy.access")).code).toBe(0);
  });
});
