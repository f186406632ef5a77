import { appendFileSync, chmodSync, chownSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "../harness/cluster.ts";

const isRoot = process.geteuid?.() === 0;

/** Two accounts that need no names; only root can give files to them. */
const [SERVER, SIGNER] = ["39101:39101", "39102:39102"];

const Answer = Type.Object({
  healthy: Type.Boolean(),
  checks: Type.Array(
    Type.Object({
      name: Type.String(),
      state: Type.String(),
      text: Type.String(),
      fix: Type.Optional(Type.String()),
    }),
  ),
});

let cluster: Cluster;
const at = (path: string): string => join(cluster.root, path);

describe.skipIf(!isRoot)("doctor on a master with users of its own", () => {
  beforeAll(async () => {
    cluster = await startCluster({ init: ["--server-user", SERVER, "--signer-user", SIGNER] });
  }, 60_000);
  afterAll(() => cluster.dispose());

  /** What doctor finds, and its exit code. */
  async function examine() {
    const { code, stdout } = await cluster.keyserver(["doctor", "--json"]);
    return { code, ...Value.Parse(Answer, JSON.parse(stdout)) };
  }

  test("nothing is wrong with a master that was just made, and every part is looked at", async () => {
    const { code, healthy, checks } = await examine();
    const names = checks.map(({ name }) => name);
    expect(checks.filter(({ state }) => state === "problem")).toEqual([]);
    expect([code, healthy]).toEqual([0, true]);
    expect(names.join(", ")).toBe(
      "clock, settings, users, files, keytab, ldap password, disk, policy file, " +
        "server, ledger, signer, certificate, policy, kerberos, ldap, authorities, copies",
    );
    const states = new Map(checks.map(({ name, state }) => [name, state]));
    expect(["users", "files", "server"].map((name) => states.get(name))).toEqual([
      "ok",
      "ok",
      "ok",
    ]);
    expect(["keytab", "ldap", "copies"].map((name) => states.get(name))).toEqual(
      Array(3).fill("skipped"),
    );
  });

  describe("what is wrong with a file is told with what to do, and ends with 5", () => {
    test.for([
      {
        path: "etc/keysystem/seal.secret",
        spoil: (file: string) => chmodSync(file, 0o640),
        undo: (file: string) => chmodSync(file, 0o600),
        says: /mode 0640/,
        fix: /^chmod go= /,
      },
      {
        path: "etc/keysystem/seal.secret",
        spoil: (file: string) => chownSync(file, 39_101, 39_101),
        undo: (file: string) => chownSync(file, 39_102, 39_102),
        says: /belongs to user 39101, not to 39102:39102/,
        fix: /^chown 39102:39102/,
      },
      {
        path: "etc/keysystem/server.yaml",
        spoil: (file: string) => chmodSync(file, 0o666),
        undo: (file: string) => chmodSync(file, 0o644),
        says: /others may write/,
        fix: /^chmod go-w /,
      },
      {
        path: "etc/keysystem/policy.yaml",
        spoil: (file: string) => chownSync(file, 39_101, 39_101),
        undo: (file: string) => chownSync(file, 0, 0),
        says: /not to root/,
        fix: /^chown root: /,
      },
      {
        path: "var/lib/keysigner/authorities",
        spoil: (file: string) => chmodSync(file, 0o755),
        undo: (file: string) => chmodSync(file, 0o700),
        says: /mode 0755/,
        fix: /^chmod go= /,
      },
      {
        path: "var/lib/keysigner/authorities/nodes.key",
        spoil: (file: string) => chmodSync(file, 0o604),
        undo: (file: string) => chmodSync(file, 0o600),
        says: /mode 0604/,
        fix: /^chmod go= /,
      },
      {
        path: "var/lib/keysystem",
        spoil: (file: string) => chmodSync(file, 0o711),
        undo: (file: string) => chmodSync(file, 0o700),
        says: /mode 0711/,
        fix: /^chmod go= /,
      },
      {
        path: "var/lib/keysystem/ledger.db",
        spoil: (file: string) => chownSync(file, 0, 0),
        undo: (file: string) => chownSync(file, 39_101, 39_101),
        says: /belongs to user 0, not to 39101:39101/,
        fix: /^chown 39101:39101/,
      },
      {
        path: "var/lib/keysystem/tls/server.key",
        spoil: (file: string) => chmodSync(file, 0o640),
        undo: (file: string) => chmodSync(file, 0o600),
        says: /mode 0640/,
        fix: /^chmod go= /,
      },
    ])("$path: $says", async ({ path, spoil, undo, says, fix }) => {
      spoil(at(path));
      try {
        const { code, healthy, checks } = await examine();
        expect([code, healthy]).toEqual([5, false]);
        const problems = checks.filter(({ state }) => state === "problem");
        expect(problems.filter(({ name }) => name === "files")).toEqual([
          {
            name: "files",
            state: "problem",
            text: expect.stringMatching(says),
            fix: expect.stringMatching(fix),
          },
        ]);
        expect(checks.find(({ name }) => name === "files")?.text).toContain(at(path));
      } finally {
        undo(at(path));
      }
    });
  });

  /** server.yaml as it is meant, with these lines more. */
  function writeSettings(lines: string): () => void {
    const file = at("etc/keysystem/server.yaml");
    const usual = `listen: "${cluster.address}"\nadvertise: ["${cluster.address}"]\nuser: "${SERVER}"\n`;
    writeFileSync(file, usual + lines);
    return () => writeFileSync(file, usual);
  }

  test.for([
    { mode: 0o400, uid: 39_101, state: "ok" },
    { mode: 0o400, uid: 0, state: "problem", says: /cannot be read by 39101:39101/ },
    { mode: 0o444, uid: 0, state: "problem", says: /can be read or written by everybody/ },
    { mode: 0o040, uid: 39_101, state: "problem", says: /cannot be read by/ },
  ])(
    "a keytab of user $uid with mode $mode: $state",
    async ({ mode, uid, state, says = /keytab$/ }) => {
      const keytab = at("etc/keysystem/http.keytab");
      writeFileSync(keytab, "");
      chownSync(keytab, uid, 0);
      chmodSync(keytab, mode);
      const undo = writeSettings(`kerberos: { keytab: ${keytab} }\n`);
      try {
        const found = (await examine()).checks.find(({ name }) => name === "keytab");
        expect(found).toMatchObject({ state, text: expect.stringMatching(says) });
      } finally {
        undo();
        rmSync(keytab);
      }
    },
  );

  test("a server.yaml that is wrong ends the looking, and is told with its place", async () => {
    const undo = writeSettings("lgo: info\n");
    try {
      const { code, checks } = await examine();
      expect(code).toBe(5);
      expect(checks.at(-1)).toMatchObject({
        name: "settings",
        text: expect.stringContaining("lgo"),
      });
    } finally {
      undo();
    }
  });

  test("an edit that nobody applied, and one that does not pass", async () => {
    const file = at("etc/keysystem/policy.yaml");
    appendFileSync(file, "# an edit\n");
    const pending = (await examine()).checks.filter(({ state }) => state === "problem");
    expect(pending).toMatchObject([{ name: "policy", fix: expect.stringMatching(/policy diff/) }]);
    appendFileSync(file, "nonsense: true\n");
    const broken = (await examine()).checks.filter(({ state }) => state === "problem");
    expect(broken.map(({ name }) => name)).toEqual(["policy file", "policy"]);
  });

  test("says so where nothing runs, in lines for people too", async () => {
    await cluster.stop();
    const { code, stdout } = await cluster.keyserver(["doctor"]);
    expect(code).toBe(5);
    expect(stdout).toMatch(
      /^ ✗ server +keyserver is not running: .*\n {3}fix +start it: keyserver run --root /m,
    );
    expect(stdout).toMatch(/^\d problems, \d warnings?$/m);
    expect(stdout).not.toMatch(/ledger {2}|signer {2}/);
  });
});
