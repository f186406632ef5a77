import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { run, type Outcome } from "../harness/command.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import { edit, EXAMPLE } from "../unit/policy/example.ts";

/** The file that stands beside a policy and shows in a review what an edit gives. */
const folder = mkdtempSync(join(tmpdir(), "policy-access-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const policy = write("policy.yaml", EXAMPLE);
const keyserver = (...args: readonly string[]): Promise<Outcome> =>
  run(KEYSERVER, ["policy", ...args], { cwd: folder, timeout: 60 });

describe("access", () => {
  const kept = readFileSync(join(CHECKOUT, "test/unit/policy/effects/access.txt"), "utf8");
  const HEADER =
    "# who gets what, one fact a line; written by  keyserver policy access --file POLICY\n";
  const snapshot = (name: string, text: string): string => write(name, HEADER + text);

  test("is the committed list under a line that says what it is", async () => {
    const { code, stdout } = await keyserver("access", "--file", policy);
    expect({ code, stdout }).toEqual({ code: 0, stdout: HEADER + kept });
  });

  test("--check passes on what was written", async () => {
    const { code, stdout, stderr } = await keyserver(
      "access",
      "--file",
      policy,
      "--check",
      snapshot("policy.access", kept),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe("policy.access is what policy.yaml gives: 144 lines\n");
  });

  test("--check shows what changed, and what to run", async () => {
    const wider = write("wider.yaml", edit(EXAMPLE, "o: cluster-users", "o: cluster-friends"));
    const args = ["access", "--file", wider, "--check", snapshot("policy.access", kept)];
    const { code, stdout, stderr } = await keyserver(...args);
    const line = (o: string): string =>
      `any-of-users kube-user issue kubernetes CN=user:<user> O=${o} client 12h backdate 5m keys ecdsa-p256,rsa-3072`;
    expect(stdout.split("\n")).toEqual([
      `+${line("cluster-friends")}`,
      `-${line("cluster-users")}`,
      "policy.access is not what wider.yaml gives: 1 line new, 1 line gone",
      "",
    ]);
    expect(stderr).toBe(
      "keyserver: hint: look at what changes, then run  keyserver policy access --file wider.yaml > policy.access  and commit it with the policy\n",
    );
    expect(code).toBe(5);
    const { stdout: json } = await keyserver(...args, "--json");
    expect(JSON.parse(json)).toEqual({
      schema: 1,
      file: "wider.yaml",
      snapshot: "policy.access",
      stale: true,
      added: [line("cluster-friends")],
      gone: [line("cluster-users")],
    });
  });

  test.each([
    ["a line twice", HEADER + kept + kept.slice(kept.lastIndexOf("\n", kept.length - 2) + 1)],
    ["another order", HEADER + kept.trimEnd().split("\n").toReversed().join("\n") + "\n"],
    ["no header", kept],
    ["a line less", HEADER + kept.slice(kept.indexOf("\n") + 1)],
    ["a conflict of git", HEADER + kept.replace("\n", "\n<<<<<<< HEAD\n")],
    ["half a last line", HEADER + kept.slice(0, -3)],
    ["nothing", ""],
  ])("--check fails on %s", async (_, text) => {
    const args = ["access", "--file", policy, "--check", write("bad.access", text)];
    expect((await keyserver(...args)).code).toBe(5);
  });

  test("--check takes the line ends of another system", async () => {
    const text = (HEADER + kept).replaceAll("\n", "\r\n");
    const args = ["access", "--file", policy, "--check", write("crlf.access", text)];
    expect((await keyserver(...args)).code).toBe(0);
  });

  test("--check without a file says how to write it", async () => {
    const { code, stderr } = await keyserver("access", "--file", policy, "--check", "none.access");
    expect(code).toBe(2);
    expect(stderr).toBe(
      "keyserver: error: none.access does not exist\nkeyserver: hint: write it, and commit it with the policy: keyserver policy access --file policy.yaml > none.access\n",
    );
  });
});
