import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { peoplePolicy, startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import { ETCD_FILES, etcdctl, startEtcd, type Credentials, type Etcd } from "./etcd.ts";
import { canRun } from "./installed-programs.ts";
import { makeDesk, type Desk } from "./people-desk.ts";
import { listIssued } from "./people-records.ts";

/** etcd that goes by the CN of a client's certificate, and people who come with keyreq. */

const isPossible = canRun(["etcd", "etcdctl", "setpriv", "unshare"]);

const REASON = ["--reason", "compaction is stuck"] as const;
const POLICY = peoplePolicy({
  replace: [
    ["holds-exactly: [ssh-login, kube-user]", "holds-exactly: [ssh-login, kube-user, etcd-reader]"],
    // keyclient asks from 127.0.0.1
    ["address: 127.0.1.11 }", "address: 127.0.0.1 }"],
    [
      "  admit:          {",
      "  etcd-reader:    { to: users, issue: etcd-client, usage: client, cn: <user>, lifetime: 12h }\n  admit:          {",
    ],
    [
      "{ not: [master, root-admins] },  gets: { issue",
      "{ not: [master, root-admins, users] }, gets: { issue",
    ],
  ],
});

let people: PeopleCluster;
let etcd: Etcd;

const master = (): Credentials => {
  const at = (file: keyof typeof ETCD_FILES): string =>
    join(people.cluster.nodeRoot("m1"), ETCD_FILES[file]);
  return {
    certificate: at("clientCertificate"),
    key: at("clientKey"),
    anchors: at("clientAnchors"),
  };
};

/** As an operator sets it up; a name with a colon takes `--no-password`. */
const SETTING_UP = [
  ["put", "app/color", "green"],
  ["put", "registry/secret", "42"],
  ["user", "add", "root", "--no-password"],
  ["user", "grant-role", "root", "root"],
  ["user", "add", "root:cela", "--no-password"],
  ["user", "grant-role", "root:cela", "root"],
  ["role", "add", "app-reader"],
  ["role", "grant-permission", "app-reader", "read", "--prefix=true", "app/"],
  ["user", "add", "alice", "--no-password"],
  ["user", "grant-role", "alice", "app-reader"],
  ["auth", "enable"],
] as const;

async function deskOf(principal: string): Promise<Desk> {
  const desk = makeDesk(people, "somebody");
  await desk.kinit(principal);
  await desk.setup("--etcd", `https://${etcd.client}`);
  return desk;
}

describe.skipIf(!isPossible)("people and etcd with authentication", () => {
  beforeAll(async () => {
    people = await startPeopleCluster({ policy: POLICY });
    await people.cluster.join("m1");
    etcd = await startEtcd(people.cluster.folder, people.cluster.nodeRoot("m1"), master());
    for (const args of SETTING_UP) {
      const { code, stderr } = await etcdctl(etcd, master(), args);
      if (code !== 0) throw new Error(`etcdctl ${args.join(" ")}: ${stderr}`);
    }
  }, 240_000);
  afterAll(async () => {
    await etcd?.daemon.kill();
    await people?.[Symbol.asyncDispose]();
  }, 60_000);

  test("the cluster's own client is nobody there once it is enabled", async () => {
    const outcome = await etcdctl(etcd, master(), ["get", "app/color"]);
    expect(outcome.code).not.toBe(0);
    expect(outcome.stderr).toMatch(/permission denied|user name is empty|invalid/);
  });

  test("an admin is one, by CN root:cela, and gives a reason", async () => {
    const cela = await deskOf("cela/root@EXAMPLE.EDU");
    const without = await cela.keyreq(["etcd", "--", "etcdctl", "get", "app/color"]);
    expect(without).toMatchObject({ code: 6, stdout: "" });
    expect(without.stderr).toMatch(/etcd-admin needs a reason.*\n.*--reason TEXT/);
    const put = await cela.keyreq(["etcd", ...REASON, "--", "etcdctl", "put", "registry/new", "1"]);
    expect(put).toMatchObject({ code: 0, stdout: "OK\n" });
    const users = await cela.keyreq(["etcd", "--", "etcdctl", "user", "list"]);
    expect(users).toEqual({ code: 0, stdout: "alice\nroot\nroot:cela\n", stderr: "" });
    const issued = await listIssued(people, "etcd-admin");
    expect(issued.map(({ reason }) => reason)).toEqual([REASON[1]]);
  });

  describe("a limited user", () => {
    let alice: Desk;
    const ask = (...args: readonly string[]) => alice.keyreq(["etcd", "--", "etcdctl", ...args]);
    beforeAll(async () => {
      alice = await deskOf("alice@EXAMPLE.EDU");
    });

    test("reads what her role lets her, with a certificate that is kept", async () => {
      expect(await ask("get", "app/color")).toMatchObject({
        code: 0,
        stdout: "app/color\ngreen\n",
      });
      expect(await ask("get", "--prefix", "app/")).toMatchObject({ code: 0, stderr: "" });
      expect(await listIssued(people, "etcd-reader")).toHaveLength(1);
    });

    test.for([
      "get registry/secret",
      "get --prefix app",
      "put app/color red",
      "del app/color",
      "user add alice2 --no-password",
      "user grant-role alice root",
      "auth disable",
    ])("is refused %s by etcd, with etcdctl's exit code", async (command) => {
      const { code, stdout, stderr } = await ask(...command.split(" "));
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("permission denied");
    });

    test("cannot name the admin's grant, with or without a reason", async () => {
      const args = ["etcd", "--grant", "etcd-admin", ...REASON, "--", "etcdctl", "get", "x"];
      const outcome = await alice.keyreq(args);
      expect(outcome).toMatchObject({ code: 3, stdout: "" });
      expect(outcome.stderr).toMatch(/error: denied: alice@EXAMPLE\.EDU is not in root-admins/);
    });

    test("uses it from a shell as well: eval $(keyreq etcd)", async () => {
      const line = `eval "$('${alice.program}' etcd)" && exec etcdctl get app/color --print-value-only`;
      expect(await alice.run("sh", ["-c", line])).toMatchObject({ code: 0, stdout: "green\n" });
    });
  });

  test.for(["carol@EXAMPLE.EDU", "cela@EXAMPLE.EDU", "alice@OTHER.REALM"])(
    "%s, to whom nothing is granted, is refused by keyreq, and etcdctl does not run",
    async (principal) => {
      const desk = await deskOf(principal);
      const mark = join(desk.scratch, "ran");
      const outcome = await desk.keyreq(["etcd", "--", "touch", mark]);
      expect(outcome).toMatchObject({ code: 3, stdout: "" });
      expect(outcome.stderr).toMatch(/^keyreq: error: denied: .*\nkeyreq: hint: /);
      expect(existsSync(mark)).toBe(false);
    },
  );

  test("who has no certificate does not get a connection at all", async () => {
    const carol = await deskOf("carol@EXAMPLE.EDU");
    const anchors = `--cacert=${join(carol.home, ".local/share/keysystem/hyades/anchors/etcd-server.pem")}`;
    const args = [`--endpoints=https://${etcd.client}`, anchors, "--command-timeout=3s"];
    const { code } = await carol.run("etcdctl", [...args, "get", "app/color"], {
      env: { ETCDCTL_API: "3" },
    });
    expect(code).not.toBe(0);
  });
});
