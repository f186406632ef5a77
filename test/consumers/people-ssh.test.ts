import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { peoplePolicy, PLACES, startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import type { Daemon } from "../harness/process.ts";
import { waitFor } from "../harness/wait.ts";
import { canRun } from "./installed-programs.ts";
import { makeDesk, type Desk } from "./people-desk.ts";
import { listIssued } from "./people-records.ts";
import { documentedLines, machinePort, startMachine, type Machine } from "./people-sshd.ts";

/** People at their own machines, as accounts without rights, type ssh; sshd has the documented lines. */

const isPossible = canRun(["sshd", "ssh", "ssh-agent", "unshare", "setpriv", "script", "strace"]);

const HOST = "m2.hyades.example.edu";
const JUMP = "m1.hyades.example.edu";
const REASON = { KEYREQ_REASON: "OSD 12 will not start" };
const USERS = { alice: 61_901, bob: 61_902, "ceph-ops": 61_903 };

let people: PeopleCluster;
let m1: Machine;
let m2: Machine;
const agents: Daemon[] = [];

/** A machine on which setup has run, with a ticket and an agent. */
async function deskOf(user: string, principal: string): Promise<Desk> {
  const desk = makeDesk(people, user);
  // A person's own lines, without a newline at their end.
  const own = `Host *.hyades.example.edu\n    Port ${m2.port}\n    BatchMode yes`;
  desk.write(".ssh/config", own);
  await desk.kinit(principal);
  agents.push(await desk.startAgent());
  await desk.setup();
  return desk;
}

const held = async (desk: Desk): Promise<string> => (await desk.run("ssh-add", ["-L"])).stdout;

const lastReason = async (): Promise<string | undefined> =>
  (await listIssued(people, "ssh-root"))[0]?.reason;

describe.skipIf(!isPossible)("people and sshd", () => {
  beforeAll(async () => {
    // keyclient asks from 127.0.0.1
    const here = ["address: 127.0.1.12 }", "address: 127.0.0.1 }"] as const;
    people = await startPeopleCluster({ policy: peoplePolicy({ maxAge: "1s", replace: [here] }) });
    const port = await machinePort();
    m2 = await startMachine(people, "m2", { users: USERS, port });
    m1 = await startMachine(people, "m1", { users: USERS, port, from: "127.0.1.11" });
  }, 240_000);
  afterAll(async () => {
    for (const daemon of [...agents, m1?.daemon, m2?.daemon]) await daemon?.kill();
    await people?.[Symbol.asyncDispose]();
  }, 60_000);

  test("sshd has the documented lines, four of them, and shows keyclient's certificate", () => {
    expect(documentedLines().map((line) => line.split(" ")[0])).toEqual([
      "TrustedUserCAKeys",
      "AuthorizedPrincipalsFile",
      "HostKey",
      "HostCertificate",
    ]);
  });

  describe("an ordinary user", () => {
    let alice: Desk;
    beforeAll(async () => {
      alice = await deskOf("alice", "alice@EXAMPLE.EDU");
    });

    test("types ssh HOST and is there, as herself, without a word", async () => {
      const command = "id -un; pwd";
      expect(await alice.run("ssh", [HOST, command])).toEqual({
        code: 0,
        stdout: `alice\n${m2.home("alice")}\n`,
        stderr: "",
      });
      expect(m2.log()).toMatch(/Accepted publickey for alice .*ID kerberos:alice@EXAMPLE\.EDU/);
      expect(await held(alice)).toMatch(/^ssh-ed25519-cert-v01@openssh\.com \S+ .*ssh-login\n$/);
    });

    test("has a shell on a terminal", async () => {
      const { code, screen } = await alice.onTerminal(`ssh ${HOST}`, [
        { question: "$ ", answer: "tty; exit 7" },
      ]);
      expect(screen).toMatch(/^\/dev\/pts\/\d+$/m);
      expect(code).toBe(7);
    });

    test("the next logins start no Node and ask nobody", async () => {
      const trace = join(alice.scratch, "trace");
      const issued = (await listIssued(people, "ssh-login")).length;
      const args = ["-f", "-qq", "-e", "trace=execve", "-o", trace, "ssh", HOST, "true"];
      expect(await alice.run("strace", args)).toEqual({ code: 0, stdout: "", stderr: "" });
      const started = readFileSync(trace, "utf8")
        .split("\n")
        .filter((line) => line.includes(" = 0"));
      expect(started.some((line) => line.includes("keyreq-fresh"))).toBe(true);
      expect(started.filter((line) => /bin\/node|bin\/keyreq"/.test(line))).toEqual([]);
      expect(await listIssued(people, "ssh-login")).toHaveLength(issued);
    });

    test("is not root: hears who is, and ssh's own words come after", async () => {
      const { code, stdout, stderr } = await alice.run("ssh", [`root@${HOST}`, "id"]);
      expect({ code, stdout }).toEqual({ code: 255, stdout: "" });
      expect(stderr.replaceAll("\r", "")).toMatch(
        /^keyreq: error: denied: alice@EXAMPLE\.EDU is not in root-admins; cela\/root@EXAMPLE\.EDU and huy\/root@EXAMPLE\.EDU are\nkeyreq: hint: .*keyreq why ssh-root.*\nroot@m2\S+ Permission denied \(publickey\)\.\n$/,
      );
      expect(await alice.keyreq(["ssh", `root@${HOST}`])).toMatchObject({ code: 3, stdout: "" });
    });

    test.for(["bob", "ceph-ops"])("is not %s", async (login) => {
      const { code, stdout, stderr } = await alice.run("ssh", [`${login}@${HOST}`, "id"]);
      expect({ code, stdout }).toEqual({ code: 255, stdout: "" });
      expect(stderr).toContain("Permission denied (publickey)");
    });

    test("copies with scp and sftp, and clones with git", async () => {
      alice.write("from", "hello\n", 0o644);
      const there = m2.home("alice");
      expect(await alice.run("scp", ["-q", join(alice.home, "from"), `${HOST}:to`])).toMatchObject({
        code: 0,
      });
      expect(readFileSync(join(there, "to"), "utf8")).toBe("hello\n");
      alice.write("batch", `get to ${alice.scratch}/back\n`);
      const sftp = ["-q", "-b", join(alice.home, "batch"), HOST];
      expect(await alice.run("sftp", sftp)).toMatchObject({ code: 0 });
      expect(readFileSync(join(alice.scratch, "back"), "utf8")).toBe("hello\n");
      expect(await alice.run("ssh", [HOST, "git init -q --bare r.git"])).toMatchObject({ code: 0 });
      const clone = ["clone", "-q", `ssh://${HOST}${there}/r.git`, join(alice.scratch, "clone")];
      expect(await alice.run("git", clone)).toMatchObject({ code: 0 });
    });

    test("jumps over one machine to another", async () => {
      const jump = await alice.run("ssh", ["-J", JUMP, HOST, "id -un"]);
      expect(jump).toEqual({ code: 0, stdout: "alice\n", stderr: "" });
      expect(m1.log()).toMatch(/Accepted publickey for alice/);
    });
  });

  test("who leaves a group of the directory goes on with what is held, and then hears which group it was", async () => {
    const bob = await deskOf("bob", "bob@EXAMPLE.EDU");
    expect(await bob.run("ssh", [HOST, "id -un"])).toMatchObject({ code: 0, stdout: "bob\n" });
    const groups = ["hyades-users", "hyades-oncall"];
    for (const group of groups) await people.slapd().removeFromGroup("bob", group);
    try {
      const isOut = async () => (await bob.keyreq(["why", "ssh-login"])).code === 3;
      await waitFor("a fresh answer of the directory", isOut, 60);
      expect(await bob.run("ssh", [HOST, "id -un"])).toMatchObject({ code: 0, stdout: "bob\n" });
      await bob.keyreq(["forget"]);
      const { code, stdout, stderr } = await bob.run("ssh", [HOST, "id -un"]);
      expect({ code, stdout }).toEqual({ code: 255, stdout: "" });
      expect(stderr).toMatch(
        /^keyreq: error: denied: bob@EXAMPLE\.EDU is not in oncall: ldap:hyades-oncall is missing\nkeyreq: hint: .*keyreq why ssh-oncall/,
      );
    } finally {
      for (const group of groups) await people.slapd().addToGroup("bob", group);
    }
  });

  test("who is on call is an account by choosing its name, and nobody else's", async () => {
    const bob = await deskOf("bob", "bob@EXAMPLE.EDU");
    const isIn = async () => (await bob.keyreq(["why", "ssh-oncall"])).code === 0;
    await waitFor("a fresh answer of the directory", isIn, 60);
    const login = await bob.run("ssh", [`ceph-ops@${HOST}`, "id -un"]);
    expect(login).toEqual({ code: 0, stdout: "ceph-ops\n", stderr: "" });
    expect(await bob.run("ssh", [HOST, "id -un"])).toMatchObject({ code: 0, stdout: "bob\n" });
    expect(await bob.run("ssh", [`alice@${HOST}`, "id"])).toMatchObject({ code: 255, stdout: "" });
  });

  describe("an admin", () => {
    let cela: Desk;
    beforeAll(async () => {
      cela = await deskOf("cela", "cela@EXAMPLE.EDU");
    });

    test("with the ordinary ticket hears which ticket it takes; kinit is enough", async () => {
      const before = await cela.run("ssh", [`root@${HOST}`, "id"]);
      expect(before.code).toBe(255);
      expect(before.stderr).toMatch(
        /denied: cela@EXAMPLE\.EDU is not in root-admins; cela\/root@EXAMPLE\.EDU is\nkeyreq: hint: kinit cela\/root/,
      );
      await cela.kinit("cela/root@EXAMPLE.EDU");
      const without = await cela.run("ssh", [`root@${HOST}`, "id"]);
      expect(without.code).toBe(255);
      expect(without.stderr).toMatch(/ssh-root needs a reason.*\n.*KEYREQ_REASON=TEXT/);
      // At once, as the hint says.
      const root = await cela.run("ssh", [`root@${HOST}`, "id -un"], { env: REASON });
      expect(root).toMatchObject({ code: 0, stdout: "root\n" });
      expect(root.stderr).toMatch(
        /^keyreq: ✓ ssh-root, 4 h, usable from 127\.0\.0\.0\/24, \S+, 127\.0\.1\.0\/24; in agent until \d\d:\d\d\n$/,
      );
      expect(await lastReason()).toBe(REASON.KEYREQ_REASON);
    });

    test("is let in from where the certificate says, and from nowhere else", async () => {
      const from = (address: string) => cela.run("ssh", ["-b", address, `root@${HOST}`, "id -un"]);
      expect(await from(PLACES.otherOffice)).toMatchObject({ code: 0, stdout: "root\n" });
      const said = m2.log().length;
      expect(await from(PLACES.abroad)).toMatchObject({ code: 255, stdout: "" });
      expect(m2.log().slice(said)).toContain("not from a permitted source address");
    });

    test("is asked for the reason on the terminal, whatever ssh's input is", async () => {
      await cela.keyreq(["forget"]);
      const command = `echo sent | ssh root@${HOST} 'id -un; cat'`;
      const { code, screen } = await cela.onTerminal(command, [
        { question: "reason for root login (logged): ", answer: "w3 lost its disk" },
      ]);
      expect(screen).toMatch(/✓ ssh-root, 4 h.*\nroot\nsent\n$/);
      expect(code).toBe(0);
      expect(await lastReason()).toBe("w3 lost its disk");
    });
  });
});
