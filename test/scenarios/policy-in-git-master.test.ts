import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { filesOf } from "../documents/document-files.ts";
import { run, runOk, type Outcome } from "../harness/command.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { edit } from "../unit/policy/example.ts";
import { EDITS, startSite, type ApplySite } from "./policy-apply-site.ts";

/** take-policy.sh of docs/policy-in-git.md, on a running master. */
let site: ApplySite;
let env: Readonly<Record<string, string>>;
let first: string;

const origin = (): string => join(site.cluster.folder, "origin");

beforeAll(async () => {
  site = await startSite();
  first = site.text();
  const programs = join(site.cluster.folder, "programs");
  mkdirSync(programs);
  mkdirSync(origin());
  // The script is for a real machine, where no --root is needed.
  const keyserver = `#!/bin/sh\nexec ${KEYSERVER} --root ${site.cluster.root} "$@"\n`;
  writeFileSync(join(programs, "keyserver"), keyserver, { mode: 0o755 });
  env = {
    PATH: `${programs}:${process.env["PATH"] ?? ""}`,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
  };
  const script = filesOf("docs/policy-in-git.md").get("take-policy.sh") ?? "";
  writeFileSync(join(site.cluster.folder, "take-policy.sh"), script);
  await git("init", "--quiet", "--initial-branch=main");
  await merge(first);
  await git("clone", "--quiet", ".", join(site.cluster.folder, "clone"));
}, 120_000);
afterAll(async () => {
  await site.cluster.dispose();
});

const git = (...args: readonly string[]): Promise<string> =>
  runOk("git", ["-c", "user.name=ann", "-c", "user.email=ann@example.edu", ...args], {
    cwd: origin(),
    env,
  });

/** A reviewed edit reaches `main`. */
async function merge(text: string): Promise<void> {
  writeFileSync(join(origin(), "policy.yaml"), text);
  await git("add", "policy.yaml");
  await git("commit", "--quiet", "-m", "an edit");
}

const take = (): Promise<Outcome> => {
  const { folder } = site.cluster;
  return run("/bin/sh", [join(folder, "take-policy.sh"), join(folder, "clone")], {
    env,
    timeout: 60,
  });
};

test("what is merged comes into force, and once only", async () => {
  expect((await take()).stdout).toContain("nothing to do");
  await merge(edit(first, ...EDITS.shorter));
  const taken = await take();
  expect(taken).toMatchObject({ code: 0, stderr: "" });
  expect(taken.stdout).toMatch(
    /lifetime 30d -> 20d[^]*applied: [0-9a-f]{8} is in force, version 2/,
  );
  expect(site.text()).toBe(edit(first, ...EDITS.shorter));
  expect(await take()).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing to do") });
});

test("a never rule that is gone is refused until somebody names it on the master", async () => {
  const inForce = site.text();
  const loose = edit(inForce, ...EDITS.noRule);
  await merge(loose);
  const { code, stdout, stderr } = await take();
  expect(stdout).toContain("never registry-off-master  REMOVED");
  expect(stderr).toContain(
    "never rule registry-off-master would be weakened or removed; nothing was applied",
  );
  expect(stderr).toContain("--loosen registry-off-master");
  expect(code).toBe(5);
  expect(site.text()).toBe(inForce);

  const file = join(site.cluster.folder, "clone/policy.yaml");
  const named = await site.policy(
    "apply",
    "--file",
    file,
    "--yes",
    "--loosen",
    "registry-off-master",
  );
  expect(named.stdout).toContain("is in force, version 3");
  expect(site.text()).toBe(loose);
});

test("what does not pass is refused, and so is a history that was written anew", async () => {
  const inForce = site.text();
  await merge(edit(inForce, ...EDITS.wrong));
  expect(await take()).toMatchObject({ code: 5, stderr: expect.stringContaining("E201") });
  await git("commit", "--quiet", "--amend", "-m", "another past");
  expect((await take()).code).toBe(128);
  expect(site.text()).toBe(inForce);
});
