import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "../harness/command.ts";
import { type PeopleCluster, peoplePolicy, startPeopleCluster } from "../harness/people.ts";
import { waitFor } from "../harness/wait.ts";

/** `who-can --resolve`: the people whom a group stands for, as a request of theirs would be decided. */
const BASE = "dc=example,dc=edu";
/** In a group by an entry that the policy cannot mean, or that is gone. */
const OTHERS = `dn: cn=hyades-oncall,ou=people,${BASE}
objectClass: groupOfNames
cn: hyades-oncall
member: uid=carol,ou=people,${BASE}
`;

let people: PeopleCluster;
beforeAll(async () => {
  people = await startPeopleCluster({ policy: peoplePolicy({ maxAge: "1s" }), entries: OTHERS });
}, 120_000);
afterAll(async () => {
  await people[Symbol.asyncDispose]();
});

const whoCan = (...args: readonly string[]): Promise<Outcome> =>
  people.cluster.keyserver(["policy", "who-can", ...args], { timeout: 60 });
const lastLine = ({ stdout }: Outcome): string => stdout.trimEnd().split("\n").at(-1) ?? "";

describe("a group", () => {
  test("is called by its name alone where nobody asks", async () => {
    const { code, stdout } = await whoCan("admit=worker");
    expect(code).toBe(0);
    expect(stdout).toContain("any of oncall");
    expect(stdout).not.toContain("bob");
  });

  test("is whoever the directory has in all of its groups", async () => {
    const outcome = await whoCan("admit=worker", "--resolve");
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(lastLine(outcome)).toMatch(/^any of oncall by admit-workers: bob, as of \d s ago$/);
  });

  test("says by which directory nobody comes", async () => {
    const outcome = await whoCan("issue=kubernetes", "o=cluster-users", "--resolve");
    expect(outcome.code).toBe(0);
    expect(lastLine(outcome)).toMatch(
      /^any of users by kube-user: alice, bob, as of \d s ago; nobody by gitlab, which server\.yaml does not connect$/,
    );
  });

  test("is one person where the question names one", async () => {
    const alice = await whoCan("principal=alice", "grant=ssh-login", "--resolve");
    expect(lastLine(alice)).toMatch(/: alice, as of/);
    const carol = await whoCan("principal=carol", "grant=ssh-login", "--resolve");
    expect(lastLine(carol)).toMatch(/: nobody now;/);
  });

  test("follows who leaves and who comes", async () => {
    await people.slapd().removeFromGroup("bob", "staff");
    await waitFor("bob is out", async () =>
      lastLine(await whoCan("admit=worker", "--resolve")).endsWith(": nobody now"),
    );
    await people.slapd().addToGroup("bob", "staff");
    await waitFor("bob is in", async () =>
      lastLine(await whoCan("admit=worker", "--resolve")).includes(": bob, "),
    );
  });

  test("is known as JSON too", async () => {
    const { stdout } = await whoCan("admit=worker", "--resolve", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      resolved: [
        { who: "any of oncall", grant: "admit-workers", people: [{ user: "bob" }], unknown: [] },
      ],
    });
  });
});

test("only operators may ask, of a form that facts have", async () => {
  const alice = await people.person("alice@EXAMPLE.EDU");
  const body = { facts: ["ldap:staff"] };
  expect(await people.ask(alice, "/v1/policy/members", body)).toMatchObject({ status: 403 });
  const cela = await people.person("cela/root@EXAMPLE.EDU");
  expect(await people.ask(cela, "/v1/policy/members", body)).toMatchObject({ status: 200 });
  for (const facts of [[], ["staff"], ["ldap:*"], ["ldap:a)(uid=*"], Array(65).fill("ldap:a")])
    expect(await people.ask(cela, "/v1/policy/members", { facts })).toMatchObject({ status: 400 });
});

describe("without an answer", () => {
  test("of the directory nothing is listed, and that is said", async () => {
    await people.slapd().stop();
    const outcome = await waitFor("the silence is noticed", async () => {
      const said = await whoCan("admit=worker", "--resolve");
      return lastLine(said).includes("no answer") ? said : undefined;
    });
    expect(outcome.code).toBe(4);
    expect(lastLine(outcome)).toMatch(
      /^any of oncall by admit-workers: not known; no answer from ldap: /,
    );
    await people.slapd().start();
  });

  test("of keyserver the command says how to start it", async () => {
    await people.cluster.stop();
    const { code, stderr } = await whoCan("admit=worker", "--resolve");
    expect(code).toBe(4);
    expect(stderr).toContain("keyserver is not running");
  });
});
