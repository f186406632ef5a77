import { setTimeout as pauseFor } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ADMIN_PATHS, PATHS } from "../../protocol/paths.ts";
import {
  type CurlAnswer,
  type PeopleCluster,
  type PeopleOptions,
  peoplePolicy,
  type Person,
  startPeopleCluster,
} from "../harness/people.ts";
import { askGrants, askSsh, makeSshKey } from "../harness/people-requests.ts";
import { askCertificates, type Identity, joinByHand, makeRequest } from "../harness/test-node.ts";
import { waitFor } from "../harness/wait.ts";

/** Cases 27 and 28: who needs no directory and no KDC does not notice that they are down. */

/** DESIGN §7: nobody waits longer for an answer about an outage; milliseconds. */
const PATIENCE = 5000;
const REASON = { reason: "the directory is down" };
/** w1 asks from where curl does. */
const NODE_HERE = ["address: 127.0.1.21 }", "address: 127.0.0.1 }"] as const;
const ADMINS = ["kerberos:huy/root@EXAMPLE.EDU]", "kerberos:carol@EXAMPLE.EDU]"] as const;

type Scene = AsyncDisposable & {
  readonly people: PeopleCluster;
  readonly cela: Person;
  readonly alice: Person;
  readonly bob: Person;
  /** In the directory, and an admin by her principal. */
  readonly carol: Person;
};

async function start(
  changes: Parameters<typeof peoplePolicy>[0] = {},
  options: PeopleOptions = {},
): Promise<Scene> {
  const policy = peoplePolicy({ maxAge: "1s", replace: [NODE_HERE, ADMINS], ...changes });
  const people = await startPeopleCluster({ policy, ...options });
  return {
    people,
    cela: await people.person("cela/root@EXAMPLE.EDU"),
    alice: await people.person("alice@EXAMPLE.EDU"),
    bob: await people.person("bob@EXAMPLE.EDU"),
    carol: await people.person("carol@EXAMPLE.EDU"),
    [Symbol.asyncDispose]: () => people[Symbol.asyncDispose](),
  };
}

/** A call with the milliseconds that it took. */
async function timed<T>(call: () => Promise<T>): Promise<readonly [T, number]> {
  const begun = performance.now();
  return [await call(), performance.now() - begun];
}

const pause = (seconds: number): Promise<unknown> => pauseFor(seconds * 1000);

/** The answer to a person who is refused for the outage, in time. */
async function expectOutage(ask: () => Promise<CurlAnswer>, want: RegExp): Promise<void> {
  const [{ status, body, code, headers }, took] = await timed(ask);
  expect(`${code} ${body}`).toMatch(want);
  expect([status, code]).toEqual([503, "directory.unavailable"]);
  expect(headers["retry-after"]).toMatch(/^\d+$/);
  expect(took).toBeLessThan(PATIENCE);
}

/** That the directory is silent, in words about the group, wherever it matters; and nowhere else. */
async function expectOnlyDirectoryMissing(scene: Scene): Promise<void> {
  const { people, cela, bob } = scene;
  const [login, took] = await timed(() => askSsh(people, bob, { grant: "ssh-oncall" }));
  expect(login.refusal).toMatch(
    /^directory\.unavailable: cannot decide: people group "oncall" needs ldap, and /,
  );
  expect(took).toBeLessThan(PATIENCE);
  await expectOutage(
    () => people.ask(bob, ADMIN_PATHS.tokens, { node: "w2" }),
    /people group \\"oncall\\" needs ldap/,
  );
  const [root, rootTook] = await timed(() =>
    askSsh(people, cela, { grant: "ssh-root", ...REASON }),
  );
  expect(root.refusal).toBe("");
  expect(rootTook).toBeLessThan(PATIENCE);
  const [token, tokenTook] = await timed(() =>
    people.ask(cela, ADMIN_PATHS.tokens, { node: "m1" }),
  );
  expect(token.status).toBe(200);
  expect(tokenTook).toBeLessThan(PATIENCE);
  const refusal = await askSsh(people, bob, { grant: "ssh-root", ...REASON });
  expect(refusal.refusal).toMatch(/^policy\.not_granted/);
}

let scene: Scene;

describe("the directory is stopped", () => {
  beforeEach(async () => {
    scene = await start();
  }, 120_000);
  afterEach(async () => {
    await scene[Symbol.asyncDispose]();
  });

  test("nodes renew, Kerberos alone goes on, and the rest is told what cannot be decided", async () => {
    const { people, bob } = scene;
    const master = await joinByHand(people.cluster, "m1", "127.0.1.11");
    expect((await askSsh(people, bob, { grant: "ssh-oncall" })).refusal).toBe("");
    await people.slapd().stop();
    await pause(1.2);
    const joined = await people.cluster.keyclient("w1", ["join", await people.cluster.admit("w1")]);
    expect(joined.stdout).toContain("5 of 5");
    await renewAsNode(people, master, "127.0.1.11");
    await expectOnlyDirectoryMissing(scene);

    const { directories, refused } = await askGrants(people, bob);
    expect(directories?.[0]).toMatchObject({ directory: "ldap", state: "unreachable" });
    const codes = Object.fromEntries(
      refused.map(({ grant, problem }) => [grant, problem.type.replace(/.*:/, "")]),
    );
    expect(codes).toMatchObject({
      "ssh-oncall": "directory.unavailable",
      "ssh-login": "directory.unavailable",
      "ssh-root": "policy.not_granted",
      kubelet: "policy.not_granted",
    });

    await people.slapd().start();
    await waitFor("bob is known again", async () => {
      return (await askSsh(people, bob, { grant: "ssh-oncall" })).refusal === "";
    });
  });

  test("what one request asks does not spoil another in the same call", async () => {
    const { people, carol } = scene;
    await people.slapd().stop();
    const requests = [
      { grant: "ssh-login", publicKey: makeSshKey() },
      { grant: "ssh-root", publicKey: makeSshKey(), ...REASON },
    ];
    const [{ body }, took] = await timed(() => people.ask(carol, PATHS.certificates, { requests }));
    expect(body).toMatch(/"results":\[\{"problem":.*directory\.unavailable.*"certificate":/);
    expect(took).toBeLessThan(PATIENCE);
  });

  test("the KDC is stopped too: tickets in hand are as good as before", async () => {
    const { people, cela } = scene;
    // The service's ticket is in the cache from now on.
    expect((await people.ask(cela, PATHS.grants)).status).toBe(200);
    await people.kdc.stop();
    await people.slapd().stop();
    expect((await askSsh(people, cela, { grant: "ssh-root", ...REASON })).refusal).toBe("");
    await people.cluster.stop();
    await people.cluster.start();
    expect((await askSsh(people, cela, { grant: "ssh-root", ...REASON })).refusal).toBe("");
    await expect(people.person("cela/root@EXAMPLE.EDU")).rejects.toThrow(/KDC/);
  });
});

describe("when-unreachable: use-last", () => {
  beforeEach(async () => {
    scene = await start({ whenUnreachable: "{ use-last: 1h }" });
  }, 120_000);
  afterEach(async () => {
    await scene[Symbol.asyncDispose]();
  });

  test("the last word counts for whom there is one, and nobody else", async () => {
    const { people, bob, alice } = scene;
    expect((await askSsh(people, bob, { grant: "ssh-oncall" })).refusal).toBe("");
    await people.slapd().stop();
    await pause(1.2);
    expect((await askSsh(people, bob, { grant: "ssh-oncall" })).refusal).toBe("");
    const { directories, groups } = await askGrants(people, bob);
    expect(directories?.[0]).toMatchObject({ state: "kept" });
    expect(groups).toEqual(["oncall", "users"]);
    const { refusal } = await askSsh(people, alice, { grant: "ssh-login" });
    expect(refusal).toMatch(/^directory\.unavailable: .*policy allows 3600 s/);
  });

  test("a directory that answers is believed at once, also where it takes away", async () => {
    const { people, bob } = scene;
    expect((await askSsh(people, bob, { grant: "ssh-oncall" })).refusal).toBe("");
    await people.slapd().stop();
    await people.slapd().start();
    await people.slapd().removeFromGroup("bob", "hyades-oncall");
    const refusal = await waitFor("bob is out", async () => {
      const said = (await askSsh(people, bob, { grant: "ssh-oncall" })).refusal;
      return said === "" ? undefined : said;
    });
    expect(refusal).toMatch(/^policy\.not_granted/);
  });
});

describe("the directory is stalled", () => {
  let identity: Identity;
  beforeEach(async () => {
    scene = await start();
    identity = await joinByHand(scene.people.cluster, "w1", "127.0.0.1");
  }, 120_000);
  afterEach(async () => {
    process.kill(scene.people.slapd().daemon().pid, "SIGCONT");
    await scene[Symbol.asyncDispose]();
  });

  test("it holds up those who ask it, in time, and nobody else", async () => {
    const { people, cela, bob, alice } = scene;
    await askSsh(people, bob, { grant: "ssh-oncall" });
    await pause(1.2);
    process.kill(people.slapd().daemon().pid, "SIGSTOP");
    const order: string[] = [];
    const note = async <T>(name: string, call: Promise<T>): Promise<T> => {
      const value = await call;
      order.push(name);
      return value;
    };
    const stalled = [bob, alice, bob, alice].map((who) =>
      note(
        "stalled",
        timed(() => askSsh(people, who, { grant: "ssh-login" })),
      ),
    );
    // The stalled ones are on their way before the others begin.
    await pause(0.3);
    const others = [
      note("node", renewAsNode(people, identity)),
      note("kerberos", askSsh(people, cela, { grant: "ssh-root", ...REASON })),
      note("open", people.askBasic(undefined, PATHS.trust)),
    ];
    await Promise.all(others);
    expect(order).toHaveLength(3);
    expect(order).not.toContain("stalled");
    for (const [{ refusal }, took] of await Promise.all(stalled)) {
      expect(refusal).toMatch(/^directory\.unavailable: .*people group "users" needs ldap/);
      expect(took).toBeLessThan(PATIENCE);
    }
    process.kill(people.slapd().daemon().pid, "SIGCONT");
    await waitFor("alice is known again", async () => {
      return (await askSsh(people, alice, { grant: "ssh-login" })).refusal === "";
    });
  });

  test("more wait than there is room for: they are told so, in time, and nodes still renew", async () => {
    const { people, bob } = scene;
    process.kill(people.slapd().daemon().pid, "SIGSTOP");
    const crowd = Array.from({ length: 24 }, () =>
      timed(() => askSsh(people, bob, { grant: "ssh-login" })),
    );
    await pause(0.5);
    await renewAsNode(people, identity);
    for (const [{ refusal }, took] of await Promise.all(crowd)) {
      expect(refusal).toMatch(/^(?:directory\.unavailable|server\.busy)/);
      expect(took).toBeLessThan(PATIENCE * 2);
    }
  });
});

async function renewAsNode(
  { cluster }: PeopleCluster,
  identity: Identity,
  from = "127.0.0.1",
): Promise<void> {
  const grants = ["node-identity", "kubelet"];
  const requests = grants.map((grant) => ({ grant, csr: makeRequest().csr }));
  const results = await askCertificates(cluster, requests, { identity, from });
  expect(results.map((result) => "certificate" in result)).toEqual([true, true]);
}
