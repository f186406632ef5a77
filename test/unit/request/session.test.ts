import { rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openAsked, openSession } from "../../../client/request/session/session.ts";
import { readCluster, readTrust } from "../../../client/request/session/cluster.ts";
import { Failure } from "../../../client/terminal/failure.ts";
import { PATHS } from "../../../protocol/paths.ts";
import { problemOf, type ErrorCode } from "../../../protocol/problems.ts";
import { makePerson, SERVICE } from "./person.ts";

/** The exit code and message that an attempt to list grants ends with. */
async function failGrants(person: ReturnType<typeof makePerson>): Promise<unknown> {
  try {
    const session = await openAsked(person.deps);
    return await session.grants();
  } catch (error) {
    return error;
  }
}

test("trust is fetched over checked TLS before a KDC or the server hears of the person", async () => {
  const person = makePerson();
  const session = await openSession(person.deps, person.cluster);
  expect(person.log).toEqual(["GET /v1/trust"]);
  await session.grants();
  expect(person.log).toEqual(["GET /v1/trust", `KDC ${SERVICE}`, "GET /v1/grants Negotiate t1"]);
});

test("every request carries a token of its own", async () => {
  const person = makePerson();
  const session = await openAsked(person.deps);
  await session.grants();
  await session.grants();
  expect(person.calls.map(({ authorization }) => authorization)).toEqual([
    undefined,
    "Negotiate t1",
    "Negotiate t2",
  ]);
  expect(session.asked()).toBe("cela@EXAMPLE.EDU");
});

test.for([
  { name: "no proof", challenge: undefined },
  { name: "the bare scheme", challenge: "Negotiate" },
  { name: "another scheme", challenge: "Basic answer+to+t1" },
  { name: "a proof for another token", challenge: "Negotiate answer+to+t0" },
  { name: "no base64", challenge: "Negotiate answer to t1" },
])("an answer with $name is thrown away, exit 6", async ({ challenge }) => {
  const person = makePerson();
  person.edge.challenge = () => challenge;
  const session = await openAsked(person.deps);
  await expect(session.grants()).rejects.toMatchObject({ exit: 6 });
  expect(session.asked()).toBeUndefined();
});

test("a refusal by somebody who has not proved to be the server is no refusal, exit 6", async () => {
  const person = makePerson();
  person.edge.status = 403;
  person.edge.challenge = () => undefined;
  person.edge.answers.set(PATHS.grants, problemOf("policy.not_granted", "line 1"));
  expect(await failGrants(person)).toMatchObject({ exit: 6 });
});

test.for<{ code: ErrorCode; exit: number }>([
  { code: "auth.kerberos", exit: 6 },
  { code: "auth.replayed", exit: 6 },
  { code: "auth.required", exit: 6 },
  { code: "auth.clock", exit: 7 },
  { code: "auth.attempts", exit: 4 },
  { code: "auth.unavailable", exit: 4 },
  { code: "directory.unavailable", exit: 4 },
  { code: "server.busy", exit: 4 },
  { code: "signer.unavailable", exit: 4 },
  { code: "internal", exit: 1 },
])("$code without proof of the server is believed as a refusal: exit $exit", async (row) => {
  const person = makePerson();
  const problem = problemOf(row.code, "what the server says");
  person.edge.status = problem.status;
  person.edge.challenge = () => undefined;
  person.edge.answers.set(PATHS.grants, problem);
  expect(await failGrants(person)).toMatchObject({
    exit: row.exit,
    message: "what the server says",
    hints: [expect.stringMatching(/kinit|keyreq|chronyc/)],
  });
});

test.for<{ code: ErrorCode }>([
  { code: "auth.forbidden" },
  { code: "policy.not_granted" },
  { code: "policy.unknown_grant" },
  { code: "policy.address" },
])("$code by the proved server is a denial, exit 3", async ({ code }) => {
  const person = makePerson();
  const problem = problemOf(code, "why");
  person.edge.status = problem.status;
  person.edge.answers.set(PATHS.grants, problem);
  expect(await failGrants(person)).toMatchObject({ exit: 3, message: "denied: why" });
});

test("an answer that is not the protocol's is not used", async () => {
  const person = makePerson();
  person.edge.grants = JSON.parse('{"subject":1}');
  expect(await failGrants(person)).toMatchObject({ exit: 1 });
});

test("a server of another cluster is refused, and its anchors are not kept", async () => {
  const person = makePerson();
  person.edge.trust = { ...person.edge.trust, cluster: "pleiades" };
  expect(await failGrants(person)).toMatchObject({
    exit: 6,
    message: expect.stringMatching(/pleiades/),
  });
  expect(person.log).toEqual(["GET /v1/trust"]);
  expect(readTrust(person.deps, person.cluster.places)?.cluster).toBe("hyades");
});

test("new anchors and addresses are kept", async () => {
  const person = makePerson();
  const etcd = ["https://m1.example:2379"];
  const nodes = { name: "nodes", kind: "tls" as const, anchors: ["the anchor", "the next"] };
  const authorities = [nodes];
  person.edge.trust = {
    ...person.edge.trust,
    authorities,
    people: { kerberos: SERVICE, passwords: true, etcd },
  };
  await openAsked(person.deps);
  expect(readTrust(person.deps, person.cluster.places)?.authorities).toEqual(authorities);
  expect(readCluster(person.deps, "hyades")?.people).toMatchObject({ passwords: true, etcd });
});

test.for([
  { name: "missing", text: undefined },
  { name: "no JSON", text: "{" },
  { name: "another document", text: '{"cluster":"hyades"}' },
])("where the kept anchors are $name nothing is sent", async ({ text }) => {
  const person = makePerson();
  rmSync(person.cluster.places.trust);
  if (text !== undefined) writeFileSync(person.cluster.places.trust, text);
  expect(await failGrants(person)).toMatchObject({
    exit: 6,
    hints: [expect.stringMatching(/keyreq setup/)],
  });
  expect(person.log).toEqual([]);
});

test("where nobody answers the KDC is not asked, exit 4", async () => {
  const person = makePerson();
  person.edge.error = new Failure(4, "m1.example:20557: refused", ["x"]);
  expect(await failGrants(person)).toMatchObject({
    exit: 4,
    hints: [expect.stringMatching(/keyserver status/)],
  });
  expect(person.log).toEqual(["GET /v1/trust"]);
});

test("a server without Kerberos says so, and what it takes", async () => {
  const person = makePerson();
  person.edge.trust = { ...person.edge.trust, people: { passwords: true } };
  const without = { ...person.cluster, people: { passwords: true } };
  const session = await openSession(person.deps, without);
  await expect(session.grants()).rejects.toMatchObject({
    exit: 6,
    hints: [expect.stringMatching(/--ldap/)],
  });
});

const withPassword = (from: "terminal" | "stdin", given: string) => ({
  how: { kind: "password", user: "alice", from } as const,
  readStdin: () => Promise.resolve(given),
  terminal: {
    isInteractive: () => true,
    ask: () => Promise.reject(new TypeError("never with echo")),
    askSecret: () => Promise.resolve(given),
  },
});

const takesPasswords = (person: ReturnType<typeof makePerson>): void => {
  person.edge.trust = { ...person.edge.trust, people: { kerberos: SERVICE, passwords: true } };
};

test.for(["terminal", "stdin"] as const)(
  "a password from the %s is sent, and no KDC asked",
  async (from) => {
    const person = makePerson(withPassword(from, "päss wörd"));
    takesPasswords(person);
    const session = await openAsked(person.deps);
    await session.grants();
    await session.grants();
    const basic = `Basic ${Buffer.from("alice:päss wörd").toString("base64")}`;
    expect(person.calls.map(({ authorization }) => authorization)).toEqual([
      undefined,
      basic,
      basic,
    ]);
    expect(person.log.some((line) => line.startsWith("KDC"))).toBe(false);
  },
);

test("the line end of standard input is not part of the password", async () => {
  const person = makePerson(withPassword("stdin", "secret\n"));
  takesPasswords(person);
  await (await openAsked(person.deps)).grants();
  expect(person.calls.at(-1)?.authorization).toBe(`Basic ${btoa("alice:secret")}`);
});

test.for([
  { name: "a server that takes none", taken: false, password: "secret", user: "alice" },
  { name: "an empty password", taken: true, password: "", user: "alice" },
  { name: "an empty line", taken: true, password: "\n", user: "alice" },
  { name: "a NUL", taken: true, password: "a\0b", user: "alice" },
  { name: "two lines", taken: true, password: "a\nb\n", user: "alice" },
  { name: "a user with a colon", taken: true, password: "secret", user: "al:ice" },
  { name: "a user with a newline", taken: true, password: "secret", user: "alice\n" },
  { name: "no user", taken: true, password: "secret", user: "" },
])("no password is sent: $name", async ({ taken, password, user }) => {
  const given = withPassword("stdin", password);
  const person = makePerson({ ...given, how: { ...given.how, user } });
  if (taken) takesPasswords(person);
  expect(await failGrants(person)).toMatchObject({ exit: 6 });
  expect(person.log).toEqual(["GET /v1/trust"]);
});
