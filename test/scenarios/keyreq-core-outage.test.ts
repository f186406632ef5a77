import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeDesk, type Desk } from "../harness/keyreq.ts";
import { startPeopleCluster, type PeopleCluster } from "../harness/people.ts";

/** Seconds that a person waits at most, and what starting Node on a busy machine may take. */
const LIMIT = 5;
const SLACK = 3;

let people: PeopleCluster;

beforeAll(async () => {
  people = await startPeopleCluster();
}, 180_000);
afterAll(() => people[Symbol.asyncDispose](), 60_000);

let desks = 0;

/** A machine whose ticket has been used for nothing yet, so that a KDC is needed. */
async function freshDesk(principal: string): Promise<Desk> {
  desks += 1;
  return makeDesk(people, `desk-${desks}`, await people.person(principal));
}

/** Runs keyreq, which has to end within the limit, whatever is down. */
async function askInTime(desk: Desk, args: readonly string[]) {
  const begin = performance.now();
  const outcome = await desk.keyreq(args, { timeout: 60 });
  expect((performance.now() - begin) / 1000).toBeLessThan(LIMIT + SLACK);
  return outcome;
}

describe("the KDC is gone", () => {
  test("new requests: exit 4, at once; what has a service ticket goes on", async () => {
    const fresh = await freshDesk("cela/root@EXAMPLE.EDU");
    const used = await freshDesk("cela/root@EXAMPLE.EDU");
    expect((await used.keyreq(["whoami"])).code).toBe(0);
    await people.kdc.stop();
    try {
      expect(await askInTime(fresh, ["whoami"])).toMatchObject({
        code: 4,
        stderr: expect.stringMatching(
          /the KDC of EXAMPLE.EDU does not answer[^]*retry: {2}keyreq --wait/,
        ),
      });
      expect((await used.keyreq(["whoami"])).code).toBe(0);
    } finally {
      await people.kdc.start();
    }
  });

  test("a KDC that is silent is given up, and nothing waits for it at the end", async () => {
    const fresh = await freshDesk("cela/root@EXAMPLE.EDU");
    await people.kdc.stop();
    const silent = createServer(() => undefined);
    const port = people.kdc.ports.get("EXAMPLE.EDU") ?? 0;
    await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
    try {
      expect(await askInTime(fresh, ["why", "ssh-root"])).toMatchObject({
        code: 4,
        stderr: expect.stringMatching(/the KDC of EXAMPLE.EDU does not answer/),
      });
    } finally {
      silent.close();
      await people.kdc.start();
    }
  });

  test("--wait goes on when it is back", async () => {
    const fresh = await freshDesk("cela/root@EXAMPLE.EDU");
    await people.kdc.stop();
    const waiting = fresh.keyreq(["--wait", "1m", "whoami"], { timeout: 60 });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await people.kdc.start();
    expect(await waiting).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/does not answer; trying again/),
    });
  });
});

describe("the directory is gone", () => {
  test("who needs it is told so, exit 4; who does not goes on", async () => {
    const alice = await freshDesk("alice@EXAMPLE.EDU");
    const root = await freshDesk("cela/root@EXAMPLE.EDU");
    await people.slapd().stop();
    try {
      expect(await askInTime(alice, ["why", "ssh-login"])).toMatchObject({
        code: 4,
        stdout: expect.stringMatching(/cannot decide: people group "users" needs ldap/),
      });
      expect((await root.keyreq(["why", "ssh-root"])).code).toBe(0);
      expect((await root.keyreq(["token", "w3"])).code).toBe(0);
    } finally {
      await people.slapd().start();
    }
  });
});

describe("keyserver is gone", () => {
  test("exit 4, at once, and what to look at", async () => {
    const root = await freshDesk("cela/root@EXAMPLE.EDU");
    await people.cluster.stop();
    try {
      expect(await askInTime(root, ["whoami"])).toMatchObject({
        code: 4,
        stderr: expect.stringMatching(/refused[^]*keyserver status[^]*retry/),
      });
      const { code, stdout } = await askInTime(root, ["doctor"]);
      expect(code).toBe(5);
      expect(stdout).toMatch(/✗ server[^]*! agent/);
      expect(stdout).not.toMatch(/ticket|identity/);
      expect((await root.keyreq(["status"])).code).toBe(0);
    } finally {
      await people.cluster.start();
    }
  });

  test("one that takes the connection and says nothing is given up", async () => {
    const root = await freshDesk("cela/root@EXAMPLE.EDU");
    const port = Number(people.cluster.address.split(":")[1]);
    await people.cluster.stop();
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
    try {
      expect(await askInTime(root, ["whoami"])).toMatchObject({
        code: 4,
        stderr: expect.stringMatching(/no answer in time/),
      });
    } finally {
      silent.close();
      await people.cluster.start();
    }
  });
});
