import { createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "../harness/command.ts";
import { peoplePolicy, startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import type { Daemon } from "../harness/process.ts";
import { waitFor } from "../harness/wait.ts";
import { canRun } from "./installed-programs.ts";
import { makeDesk, type Desk } from "./people-desk.ts";
import { listIssued } from "./people-records.ts";
import { machinePort, startMachine, type Machine } from "./people-sshd.ts";

/** KDC and directory are down: what goes on, and what people hear who want something new. */

const isPossible = canRun(["sshd", "ssh", "ssh-agent", "unshare", "setpriv"]);

const HOST = "m2.hyades.example.edu";
/** Seconds; five are promised, on a machine that does nothing else. */
const GENEROUS = 20;
const UNDECIDED =
  /^keyreq: error: cannot decide: people group "\w+" needs ldap, and localhost takes no connections; it last answered /;
const NO_KDC = /^keyreq: error: the KDC of EXAMPLE\.EDU does not answer\n/;

let people: PeopleCluster;
let m2: Machine;
let agent: Daemon;
/** Has a certificate, in her agent. */
let alice: Desk;
/** Has no certificate; the keyserver knows his ticket. */
let bob: Desk;
/** Has no certificate, and is an admin without any directory. */
let cela: Desk;

/** A machine whose ticket has been used for nothing yet, so that a KDC is needed. */
async function deskOf(user: string, principal: string): Promise<Desk> {
  const desk = makeDesk(people, user);
  desk.write(".ssh/config", `Host *.hyades.example.edu\n    Port ${m2.port}\n    BatchMode yes\n`);
  await desk.kinit(principal);
  await desk.setup();
  return desk;
}

async function inTime(work: () => Promise<Outcome>): Promise<Outcome> {
  const begun = performance.now();
  const outcome = await work();
  expect((performance.now() - begun) / 1000).toBeLessThan(GENEROUS);
  return outcome;
}

/** What asks the keyserver for something new. */
const QUESTIONS = [
  `ssh ${HOST} id`,
  "ssh",
  "kube -- true",
  "token w3",
  "get ssh-login --out .",
] as const;

/** Ends, with exit code 4 and those words, each hint once. */
async function expectOutage(desk: Desk, question: string, words: RegExp): Promise<void> {
  const { code, stdout, stderr } = await inTime(() =>
    desk.keyreq(question.split(" "), { cwd: desk.scratch }),
  );
  expect({ code, stdout }, stderr).toEqual({ code: 4, stdout: "" });
  expect(stderr).toMatch(words);
  const hints = stderr.split("\n").slice(1);
  expect(hints).toContain("keyreq: hint: retry:  keyreq --wait 5m …");
  expect(new Set(hints).size).toBe(hints.length);
}

describe.skipIf(!isPossible)("neither KDC nor directory", () => {
  beforeAll(async () => {
    // keyclient asks from 127.0.0.1
    const here = ["address: 127.0.1.12 }", "address: 127.0.0.1 }"] as const;
    people = await startPeopleCluster({ policy: peoplePolicy({ maxAge: "1s", replace: [here] }) });
    const users = { alice: 61_901, bob: 61_902 };
    m2 = await startMachine(people, "m2", { users, port: await machinePort() });
    alice = await deskOf("alice", "alice@EXAMPLE.EDU");
    agent = await alice.startAgent();
    expect(await alice.run("ssh", [HOST, "id -un"])).toMatchObject({ code: 0 });
    bob = await deskOf("bob", "bob@EXAMPLE.EDU");
    cela = await deskOf("cela", "cela/root@EXAMPLE.EDU");
    for (const desk of [bob, cela]) expect((await desk.keyreq(["whoami"])).code).toBe(0);
    await people.kdc.stop();
    await people.slapd().stop();
    const isTooOld = async () => (await bob.keyreq(["why", "ssh-login"])).code === 4;
    await waitFor("groups too old", isTooOld, 60);
  }, 240_000);
  afterAll(async () => {
    await agent?.kill();
    await m2?.daemon.kill();
    await people?.[Symbol.asyncDispose]();
  }, 60_000);

  test("nodes renew everything, and do not notice", async () => {
    const renewed = await people.cluster.keyclient("m2", ["renew", "--all"], { timeout: 60 });
    expect(renewed).toMatchObject({ code: 0, stderr: "" });
    expect(renewed.stdout).toMatch(/✓ ssh-host +renewed[^]*✓ kubelet +renewed/);
    expect(await people.cluster.keyclient("m2", ["once"], { timeout: 60 })).toMatchObject({
      code: 0,
    });
  });

  test("who has a certificate works on", async () => {
    for (const args of [
      [HOST, "id -un"],
      ["-o", "IdentitiesOnly=yes", HOST, "id -un"],
    ]) {
      const outcome = await alice.run("ssh", args);
      expect(outcome).toEqual({ code: 0, stdout: "alice\n", stderr: "" });
    }
    const wished = await alice.keyreq(["ssh", HOST, "id -un"]);
    expect(wished).toEqual({ code: 0, stdout: "alice\n", stderr: "" });
  });

  test("who wants a new one besides hears what goes on working", async () => {
    await expectOutage(alice, "ssh", UNDECIDED);
    const { stderr } = await alice.keyreq(["ssh"]);
    expect(stderr).toMatch(
      /^keyreq: hint: still works: {2}ssh-login for 11 h 5\d m \(in the agent\)$/m,
    );
    expect(await alice.run("ssh", [HOST, "id -un"])).toMatchObject({ code: 0 });
  });

  test.for(QUESTIONS)("keyreq %s: what cannot be decided, exit 4", async (question) => {
    await expectOutage(bob, question, UNDECIDED);
  });

  test("ssh says the same before its own words, and ends", async () => {
    const { code, stdout, stderr } = await inTime(() => bob.run("ssh", [HOST, "id"]));
    expect({ code, stdout }).toEqual({ code: 255, stdout: "" });
    expect(stderr).toMatch(UNDECIDED);
    expect(stderr).toMatch(/Permission denied \(publickey\)\.\r?\n$/);
  });

  test("doctor and whoami name the directory", async () => {
    const doctor = await bob.keyreq(["doctor"]);
    expect(doctor.code).toBe(5);
    expect(doctor.stdout).toMatch(
      /✓ identity +bob@EXAMPLE\.EDU[^]*✗ directories ldap does not answer: .*ssh-login.*\n +fix +what you hold goes on working/,
    );
    const whoami = await bob.keyreq(["whoami"]);
    expect(whoami).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/groups +not known without ldap/),
    });
  });

  test("an admin by ticket alone, which the keyserver knows, is let in", async () => {
    const env = { KEYREQ_REASON: "the KDC is down" };
    const outcome = await inTime(() => cela.run("ssh", [`root@${HOST}`, "id -un"], { env }));
    expect(outcome).toMatchObject({ code: 0, stdout: "root\n" });
    expect((await listIssued(people, "ssh-root"))[0]?.reason).toBe(env.KEYREQ_REASON);
    expect(await cela.keyreq(["token", "w3"])).toMatchObject({ code: 0 });
  });

  describe("with a ticket that the keyserver has not seen", () => {
    let fresh: Desk;
    beforeAll(async () => {
      await people.kdc.start();
      fresh = await deskOf("bob", "bob@EXAMPLE.EDU");
      await people.kdc.stop();
    }, 60_000);

    test.for(QUESTIONS)("keyreq %s: the KDC does not answer, exit 4", async (question) => {
      await expectOutage(fresh, question, NO_KDC);
    });

    test("a KDC that takes connections and says nothing is given up as well", async () => {
      await using _hole = await openHoles(people.kdc.ports.values());
      for (const question of QUESTIONS.slice(1)) await expectOutage(fresh, question, NO_KDC);
      const login = await inTime(() => fresh.run("ssh", [HOST, "id"]));
      expect(login).toMatchObject({ code: 255, stderr: expect.stringMatching(NO_KDC) });
      const doctor = await inTime(() => fresh.keyreq(["doctor"]));
      expect(doctor).toMatchObject({
        code: 5,
        stdout: expect.stringMatching(/✗ identity +the KDC of EXAMPLE\.EDU does not answer/),
      });
    }, 240_000);

    test("all is well again by itself when they are back", async () => {
      await people.kdc.start();
      await people.slapd().start();
      const login = (): Promise<Outcome> => fresh.run("ssh", [HOST, "id -un"]);
      await waitFor("the login", async () => (await login()).code === 0, 60);
      expect(await login()).toEqual({ code: 0, stdout: "bob\n", stderr: "" });
    });
  });
});

/** Servers that take connections and never answer. */
async function openHoles(ports: Iterable<number>): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const servers = await Promise.all(
    [...ports].map(async (port) => {
      const server = createServer((socket) => sockets.add(socket.on("error", () => undefined)));
      await new Promise<void>((resolve) => {
        server.listen(port, "127.0.0.1", resolve);
      });
      return server;
    }),
  );
  return {
    async [Symbol.asyncDispose]() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}
