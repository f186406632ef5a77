import { Value } from "typebox/value";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { IssuedToken, TokenList } from "../../protocol/admin-messages.ts";
import { ADMIN_PATHS, PATHS } from "../../protocol/paths.ts";
import {
  type AskOptions,
  type CurlAnswer,
  type PeopleCluster,
  peoplePolicy,
  type Person,
  PLACES,
  PRINCIPALS,
  startPeopleCluster,
} from "../harness/people.ts";
import { readResults } from "../harness/people-requests.ts";
import { makeRequest, redeemJoin } from "../harness/test-node.ts";

/** Who admits machines and operates, over HTTPS with a ticket. */

type Name = (typeof PRINCIPALS)[number];

let people: PeopleCluster;
const tickets = new Map<Name, Person>();

beforeAll(async () => {
  const policy = peoplePolicy({
    replace: [
      [
        "  operate:        { to: root-admins, operate: [revoke, audit, apply] }",
        `  operate:        { to: root-admins, operate: [revoke, audit, apply], source-address: [offices] }
  look:           { to: oncall, operate: audit }`,
      ],
      // Two groups that share a person: check cannot see it, the decision does.
      [
        "  - { id: no-wildcard,",
        '  - { id: oncall-no-kube, who: { is: [oncall] }, gets: { cn: "user:*" } }\n  - { id: no-wildcard,',
      ],
      // keyclient asks from 127.0.0.1
      ["address: 127.0.1.21 }", "address: 127.0.0.1 }"],
    ],
  });
  people = await startPeopleCluster({ policy });
  for (const name of PRINCIPALS) tickets.set(name, await people.person(name));
}, 120_000);
afterAll(async () => {
  await people[Symbol.asyncDispose]();
});

function ticketOf(name: Name): Person {
  const person = tickets.get(name);
  if (person === undefined) throw new TypeError(name);
  return person;
}

const askAs = (
  name: Name,
  path: string,
  body?: unknown,
  options?: AskOptions,
): Promise<CurlAnswer> => people.ask(ticketOf(name), path, body, options);

describe("join strings", () => {
  const admit = (name: Name, body: object, options?: AskOptions): Promise<CurlAnswer> =>
    askAs(name, ADMIN_PATHS.tokens, body, options);
  const joinStringOf = ({ status, body }: CurlAnswer): string => {
    if (status !== 200) throw new Error(`${status} ${body}`);
    return Value.Parse(IssuedToken, JSON.parse(body)).joinString;
  };

  const admittedBy = async (node: string): Promise<string | undefined> => {
    const { stdout } = await people.cluster.keyserver(["token", "list", "--json"]);
    const { tokens } = Value.Parse(TokenList, JSON.parse(stdout));
    return tokens.find((token) => token.node === node)?.createdBy;
  };

  test("of who may admit workers is taken by keyclient join", async () => {
    const answer = await admit("bob@EXAMPLE.EDU", { node: "w1" });
    const { code, stderr } = await people.cluster.keyclient("w1", ["join", joinStringOf(answer)]);
    expect(`${code} ${stderr}`).toMatch(/^0 /);
    expect(await admittedBy("w1")).toBe("kerberos:bob@EXAMPLE.EDU");
  });

  test("of an admin lets a master join from its own address", async () => {
    const answer = await admit("cela/root@EXAMPLE.EDU", { node: "m1", reason: "new machine" });
    const { csr } = makeRequest();
    const redeem = (from: string) =>
      redeemJoin(people.cluster, joinStringOf(answer), { csr, from });
    expect(await redeem("127.0.1.12")).toMatchObject({ status: 403, code: "policy.address" });
    expect(await redeem("127.0.1.11")).toMatchObject({ status: 200 });
    expect(await admittedBy("m1")).toBe("kerberos:cela/root@EXAMPLE.EDU");
  });

  test.each<readonly [Name, object, number, RegExp]>([
    ["bob@EXAMPLE.EDU", { node: "m1" }, 403, /m1 is master, and grant admit-workers admits worker/],
    ["bob@EXAMPLE.EDU", { node: "w1", ttl: 901 }, 403, /901 s is longer than the 900 s/],
    ["alice@EXAMPLE.EDU", { node: "w1" }, 403, /no grant lets alice@EXAMPLE\.EDU admit w1/],
    ["cela@EXAMPLE.EDU", { node: "w1" }, 403, /no grant lets cela@EXAMPLE\.EDU admit w1/],
    ["alice@OTHER.REALM", { node: "w1" }, 403, /no grant lets alice@OTHER\.REALM/],
    ["cela/root@EXAMPLE.EDU", { node: "m9" }, 404, /the policy names no node m9/],
  ])("%s %j: refused", async (name, body, status, want) => {
    const answer = await admit(name, body);
    expect(answer).toMatchObject({ status, body: expect.stringMatching(want) });
    expect(answer.body).not.toContain("joinString");
  });
});

describe("operators' routes", () => {
  const reload = { method: ["-X", "POST"], path: "/v1/policy/reload" };

  test.each<readonly [Name, string, readonly string[], string | undefined, number]>([
    ["cela/root@EXAMPLE.EDU", PATHS.certificates, [], undefined, 200],
    ["cela/root@EXAMPLE.EDU", "/v1/status", [], undefined, 200],
    ["cela/root@EXAMPLE.EDU", "/v1/status", [], PLACES.abroad, 403],
    ["bob@EXAMPLE.EDU", PATHS.certificates, [], undefined, 200],
    ["bob@EXAMPLE.EDU", ADMIN_PATHS.tokens, [], undefined, 200],
    ["bob@EXAMPLE.EDU", reload.path, reload.method, undefined, 403],
    ["bob@EXAMPLE.EDU", `${ADMIN_PATHS.tokens}/0123456789ab`, ["-X", "DELETE"], undefined, 403],
    ["alice@EXAMPLE.EDU", PATHS.certificates, [], undefined, 403],
    ["alice@EXAMPLE.EDU", "/v1/status", [], undefined, 403],
    ["alice@EXAMPLE.EDU", reload.path, reload.method, undefined, 403],
    ["cela@EXAMPLE.EDU", "/v1/status", [], undefined, 403],
    ["alice@OTHER.REALM", "/v1/nodes", [], undefined, 403],
  ])("%s: %s %j from %s is %i", async (name, path, args, from, status) => {
    const body = args.includes("POST") ? {} : undefined;
    const answer = await askAs(name, path, body, { args, ...(from === undefined ? {} : { from }) });
    expect(`${answer.status} ${answer.body.slice(0, 300)}`).toMatch(new RegExp(`^${status} `));
  });
});

test("a never rule about a group stops whoever is in it, whichever group the grant goes to", async () => {
  const ask = async (name: Name): Promise<string | undefined> => {
    const requests = [{ grant: "kube-user", csr: makeRequest().csr }];
    return readResults(await askAs(name, PATHS.certificates, { requests }))[0]?.refusal;
  };
  expect(await ask("bob@EXAMPLE.EDU")).toMatch(/^policy\.never: never rule oncall-no-kube forbids/);
  expect(await ask("alice@EXAMPLE.EDU")).toBe("");
});
