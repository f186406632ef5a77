import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { run, type Outcome } from "../harness/command.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { edit, EXAMPLE } from "../unit/policy/example.ts";

/** Commands on files alone: no daemon, no secrets, nothing but a folder. */
const folder = mkdtempSync(join(tmpdir(), "policy-effects-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const policy = write("policy.yaml", EXAMPLE);

/** Runs `keyserver policy …` in the folder. */
const keyserver = (...args: readonly string[]): Promise<Outcome> =>
  run(KEYSERVER, ["policy", ...args], {
    cwd: folder,
    timeout: 60,
  });

const EDITED = [
  ["from: [ldap:hyades-oncall]", "from: [ldap:hyades-oncall, kerberos:zed@EXAMPLE.EDU]"],
  ["  c1: { roles", "  w4: { roles: [worker], address: 10.18.60.24 }\n  c1: { roles"],
  ["lifetime: 12h, ext", "lifetime: 16h, ext"],
  [
    "  - { id: no-wildcard,     who: { not: [ceph] },                 gets: { wildcard: true } }\n",
    "",
  ],
] as const;
const edited = write(
  "new.yaml",
  EDITED.reduce((text, [from, to]) => edit(text, from, to), EXAMPLE),
);

describe("diff", () => {
  test("shows an edit in four parts, and the totals", async () => {
    const { code, stdout, stderr } = await keyserver("diff", edited, "--against", policy);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const squeezed = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replaceAll(/  +/g, "  "));
    expect(squeezed).toEqual([
      "who is who",
      "  +  people oncall  may now come from kerberos:zed@EXAMPLE.EDU  line 45",
      "  +  node w4  worker 10.18.60.24  line 37",
      "what they can get",
      "  +  w4  node-identity  CN=w4  client  40d  line 50",
      "  +  w4  ssh-host  names w4.hyades.example.edu,w4,10.18.60.24  60d  line 51",
      "  +  w4  kubelet  CN=system:node:w4  O=system:nodes  client  30d  line 70",
      "  +  w4  kubelet-serving  CN=system:node:w4  O=system:nodes  names w4.hyades.example.edu,w4,10.18.60.24  server  30d  line 71",
      "  +  w4  kube-proxy  CN=system:kube-proxy  client  30d  line 73",
      "  ~  any of users  ssh-login  lifetime 12h -> 16h  line 89",
      "  +  zed@EXAMPLE.EDU with ldap:staff  ssh-oncall  login zed  may-choose ceph-ops,kube-ops  choose-at-most 1  extensions permit-pty  8h  source-address 10.9.0.0/16,2001:db8:9::/48  line 87",
      "  +  zed@EXAMPLE.EDU with ldap:staff  admit-workers  admit worker  15m  line 94",
      "limits",
      "  +  never no-wildcard  REMOVED: what it forbade is now possible  was line 104",
      "7 gained, 0 lost, 1 changed; 1 limit loosened; tests 17/17 pass",
    ]);
  });

  test.each([
    [["--fail-on", "gained"], 5],
    [["--fail-on", "loosened"], 5],
    [["--fail-on", "lost"], 0],
    [["--fail-on", "lost,loosened"], 5],
    [["--fail-on", "lots"], 2],
    [[], 0],
  ] as const)("%j ends with %d", async (options, code) => {
    expect((await keyserver("diff", edited, "--against", policy, ...options)).code).toBe(code);
  });

  test("an edit of words that mean the same changes nothing", async () => {
    const same = write("same.yaml", edit(EXAMPLE, "# every node", "# each and every node\n"));
    const { code, stdout } = await keyserver(
      "diff",
      same,
      "--against",
      policy,
      "--fail-on",
      "gained,loosened,lost",
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "nothing changes; tests 17/17 pass\n" });
  });

  test("is against the policy in force when nothing else is named", async () => {
    const etc = join(folder, "root/etc/keysystem");
    mkdirSync(join(etc, "applied"), { recursive: true });
    writeFileSync(join(etc, "policy.yaml"), readFileSync(join(folder, edited)));
    const root = ["--root", join(folder, "root")];
    const without = await keyserver("diff", ...root);
    expect(without).toMatchObject({ code: 2, stdout: "" });
    expect(without.stderr).toContain("keyserver policy diff NEW --against FILE");
    writeFileSync(join(etc, "applied/policy.yaml"), EXAMPLE);
    const found = await keyserver("diff", ...root);
    expect(found.stdout).toContain("7 gained, 0 lost, 1 changed; 1 limit loosened");
  });

  test("one JSON document says all of it", async () => {
    const { stdout } = await keyserver("diff", edited, "--against", policy, "--json");
    const document: unknown = JSON.parse(stdout);
    expect(document).toMatchObject({
      schema: 1,
      file: edited,
      against: policy,
      counts: { gained: 7, lost: 0, changed: 1, loosened: 1, tightened: 0 },
      tests: { passed: 17, failed: 0 },
    });
    expect(document).toHaveProperty(["changes", 9, "section"], "what they can get");
    expect(document).toHaveProperty(["changes", 10, "rule"], "no-wildcard");
  });

  test("a failing test of the new policy is counted", async () => {
    const failing = write(
      "failing.yaml",
      edit(EXAMPLE, "ask: etcd-client, expect: denied", "ask: kubelet, expect: denied"),
    );
    expect((await keyserver("diff", failing, "--against", policy)).stdout).toContain(
      "tests 16/17 pass",
    );
  });

  test("lines of an included file have its name", async () => {
    const nodes = /nodes: {36}# only a machine[^]*?(?=people:)/;
    const split = write("split.yaml", EXAMPLE.replace(nodes, "include: inventory.yaml\n\n"));
    const inventory = nodes.exec(EXAMPLE)?.[0] ?? "";
    write("inventory.yaml", inventory);
    expect((await keyserver("diff", split, "--against", policy)).stdout).toBe(
      "nothing changes; tests 17/17 pass\n",
    );
    write(
      "inventory.yaml",
      `${inventory.trimEnd()}\n  w4: { roles: [worker], address: 10.18.60.24 }\n`,
    );
    expect((await keyserver("diff", split, "--against", policy)).stdout).toMatch(
      /node w4 +worker 10.18.60.24 +inventory.yaml line 12\n/,
    );
  });

  test.each([
    [
      "a new policy with an error",
      () => [
        "diff",
        write("bad.yaml", edit(EXAMPLE, "lifetime: 12h, ext", "lifetme: 12h, ext")),
        "--against",
        policy,
      ],
      5,
      "error[E110]",
    ],
    [
      "an old policy with an error",
      () => [
        "diff",
        policy,
        "--against",
        write("bad.yaml", edit(EXAMPLE, "lifetime: 12h, ext", "lifetme: 12h, ext")),
      ],
      5,
      "error[E110]",
    ],
    [
      "no such file",
      () => ["diff", "none.yaml", "--against", policy],
      2,
      "none.yaml does not exist",
    ],
  ] as const)("%s", async (_, args, code, message) => {
    const outcome = await keyserver(...args());
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toContain(message);
    expect(outcome.stderr).toContain("keyserver: hint:");
  });
});

describe("who-can", () => {
  test("is a table", async () => {
    const { stdout } = await keyserver("who-can", "admit=worker", "--file", policy);
    expect(stdout).toBe(
      `WHO                    THROUGH                            GRANT                    GETS                                              FOR  FROM
cela/root@EXAMPLE.EDU  root-admins                        admit (line 92)          join tokens for master, worker, supervisor, ceph  1h   anywhere
huy/root@EXAMPLE.EDU   root-admins                        admit (line 92)          join tokens for master, worker, supervisor, ceph  1h   anywhere
any of oncall          ldap:hyades-oncall and ldap:staff  admit-workers (line 93)  join tokens for worker                            15m  anywhere
3 answers from policy.yaml, and root on the master
`,
    );
  });

  test.each([
    [["principal=daemon"], 0, "0 answers from policy.yaml"],
    [["o=system:masters", "issue=kubernetes"], 0, "2 answers"],
    [["issue=kubernets"], 2, "did you mean issue=kubernetes?"],
    [["grant=nothing-like-it"], 2, "the policy has no grant"],
    [["user=alice"], 2, "is no question"],
    [[], 2, "missing required argument"],
  ] as const)("%j ends with %d", async (query, code, message) => {
    const outcome = await keyserver("who-can", ...query, "--file", policy);
    expect(outcome.code).toBe(code);
    expect(outcome.stdout + outcome.stderr).toContain(message);
  });
});

describe("explain", () => {
  const member = ["--in", "ldap:hyades-users,ldap:active"];
  test.each([
    [["cela/root@EXAMPLE.EDU", "ssh-root", "--from", "10.9.4.7"], 0, "ALLOWED"],
    [["kerberos:cela/root@EXAMPLE.EDU", "ssh-root", "--from", "10.9.4.7"], 0, "ALLOWED"],
    [["cela@EXAMPLE.EDU", "ssh-root", "--from", "10.9.4.7"], 3, "DENIED"],
    [["alice", "ssh-login", ...member], 0, "login alice"],
    [["ldap:alice", "ssh-login", ...member], 0, "login alice"],
    [["root", "ssh-login", ...member], 3, "a reserved name"],
    [["alice", "ssh-login"], 3, "taken for a person in no group; name groups with --in ldap:GROUP"],
    [["w9", "kubelet"], 3, "or did you mean the node w1?"],
    [["w3", "kubelet"], 0, "CN=system:node:w3"],
    [["node:w3", "kubelet", "--from", "10.18.60.22"], 3, "its address is 10.18.60.23"],
    [["root", "operate"], 0, "root on the master"],
    [
      [
        "bob",
        "ssh-oncall",
        "--in",
        "ldap:hyades-oncall,ldap:staff",
        "--from",
        "10.9.1.1",
        "--choose",
        "ceph-ops",
      ],
      0,
      "login bob,ceph-ops",
    ],
    [
      ["bob", "admit-workers", "--in", "ldap:hyades-oncall,ldap:staff", "--node", "m1"],
      3,
      "m1 is master",
    ],
    [["w3", "kubelet", "--from", "here"], 2, "is no address"],
    [["Ä", "kubelet"], 2, "is nobody's name"],
    [["w3"], 2, "missing required argument"],
  ] as const)("%j ends with %d", async (args, code, message) => {
    const outcome = await keyserver("explain", ...args, "--file", policy);
    expect(outcome.stdout + outcome.stderr).toContain(message);
    expect(outcome.code).toBe(code);
  });

  test("as JSON it has the steps with their places", async () => {
    const { code, stdout } = await keyserver(
      "explain",
      "alice",
      "ssh-root",
      ...member,
      "--file",
      policy,
      "--json",
    );
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      subject: "alice",
      grant: "ssh-root",
      verdict: "denied",
      stopped: { code: "policy.not_granted", text: "not in root-admins" },
      instead: { grant: "ssh-login", place: { file: "policy.yaml", line: 88 } },
      steps: [
        { number: 1, what: "identity" },
        { number: 2, what: "group", place: { line: 43 } },
        { number: 2 },
        { number: 3 },
      ],
    });
  });
});

test("the matrix is a table, or comma-separated", async () => {
  const table = (await keyserver("matrix", "--file", policy)).stdout.split("\n");
  expect(table[0]).toMatch(/^ +master +worker +supervisor +ceph +root-admins +oncall +users$/);
  expect(table).toContainEqual(
    expect.stringMatching(/^kubelet +30d +30d +\. +\. +\/\/ +\/\/ +\/\/$/),
  );
  const csv = (await keyserver("matrix", "--csv", "--file", policy)).stdout.trimEnd().split("\n");
  expect(csv).toHaveLength(8);
  expect(csv[0]).toMatch(/^,node-identity,ssh-host,/);
  expect(csv[7]).toMatch(/^users,\/\/,\/\/,.*,12h,/);
});
