import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PATHS } from "../../protocol/paths.ts";
import { PASSWORDS } from "../harness/directory-entries.ts";
import {
  type CurlAnswer,
  type PeopleCluster,
  PLACES,
  startPeopleCluster,
} from "../harness/people.ts";
import { makeSshKey, readResults, showSsh } from "../harness/people-requests.ts";
import { askHttps, type HttpsAnswer } from "../harness/test-node.ts";

/** Passwords of a real directory: off unless the operator allows them, bounded, and written down nowhere. */

const BASE = "dc=example,dc=edu";
/** The same name as an admin's principal without its realm and instance. */
const CELA_PASSWORD = "cela counts herself an admin";
const CELA = `dn: uid=cela,ou=people,${BASE}
objectClass: inetOrgPerson
uid: cela
cn: cela
sn: cela
userPassword: ${CELA_PASSWORD}
`;
const WRONG = "a wrong password that nobody else has";

let people: PeopleCluster;
let address = 10;

/** An address that nobody has asked from yet. */
const freshAddress = (): string => `127.0.0.${++address}`;

beforeAll(async () => {
  people = await startPeopleCluster({ passwords: true, entries: CELA, serverYaml: "log: debug\n" });
}, 120_000);
afterAll(async () => {
  await people[Symbol.asyncDispose]();
});

const login = (user: string, password: string, from = freshAddress()): Promise<CurlAnswer> =>
  people.askBasic([user, password], PATHS.grants, undefined, { from });

/** Credentials as they are, which curl could not send. */
const raw = (credentials: Buffer | string, from = freshAddress()): Promise<HttpsAnswer> =>
  askHttps(people.cluster, PATHS.grants, {
    headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
    from,
  });

describe("a right password", () => {
  test("gives what the person's groups give, and the certificate says how", async () => {
    const requests = [{ grant: "ssh-login", publicKey: makeSshKey() }];
    const credentials = ["alice", PASSWORDS.alice] as const;
    const answer = await people.askBasic(credentials, PATHS.certificates, { requests });
    const [result] = readResults(answer);
    expect(await showSsh(result?.certificate ?? "")).toMatchObject({
      keyId: "ldap:alice ssh-login",
      principals: ["alice"],
    });
    expect(answer.headers["www-authenticate"]).toBeUndefined();
  });

  test("gives nothing that goes to a principal, whatever the user is called", async () => {
    const { status, body } = await login("cela", CELA_PASSWORD);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ subject: "ldap:cela", grants: [], groups: [] });
    const requests = [{ grant: "ssh-root", publicKey: makeSshKey(), reason: "please" }];
    const answer = await people.askBasic(["cela", CELA_PASSWORD], PATHS.certificates, { requests });
    expect(readResults(answer)[0]?.refusal).toMatch(/^policy\.not_granted/);
  });
});

describe("everything else is refused with the same words", () => {
  test.each<readonly [string, Buffer | string]>([
    ["a wrong password", `alice:${WRONG}`],
    ["another's password", `alice:${PASSWORDS.bob}`],
    ["the right one with more behind it", `alice:${PASSWORDS.alice}x`],
    ["the right one in other letters", `alice:${PASSWORDS.alice.toUpperCase()}`],
    ["an empty password", "alice:"],
    ["a NUL behind the right one", `alice:${PASSWORDS.alice}\0`],
    ["an unknown user", `nobody-here:${WRONG}`],
    ["an empty name", `:${PASSWORDS.alice}`],
    ["no colon", "alice"],
    ["the name in other letters", `ALICE:${PASSWORDS.alice}`],
    ["a space behind the name", `alice :${PASSWORDS.alice}`],
    ["a star", `*:${PASSWORDS.alice}`],
    ["the beginning and a star", `ali*:${PASSWORDS.alice}`],
    ["a filter", `alice)(uid=*:${PASSWORDS.alice}`],
    ["an escaped filter", `\\61lice:${PASSWORDS.alice}`],
    ["the name of an entry", `uid=alice,ou=people,${BASE}:${PASSWORDS.alice}`],
    ["a principal", `alice@EXAMPLE.EDU:${PASSWORDS.alice}`],
    ["the reader", "reader:reader of the test directory"],
    ["the directory's admin", "admin:admin of the test directory"],
    ["a letter that looks like a", `\u0430lice:${PASSWORDS.alice}`],
    ["full-width letters", `\uff41lice:${PASSWORDS.alice}`],
    ["an invisible letter", `alice\u200b:${PASSWORDS.alice}`],
    ["bytes that are no UTF-8", Buffer.from([0x61, 0xff, 0x3a, 0x61])],
  ])("%s", async (_, credentials) => {
    const answer = await raw(credentials);
    expect([answer.status, answer.code]).toEqual([401, "auth.password"]);
    expect(JSON.parse(answer.body)).toEqual({
      type: "urn:keysystem:error:auth.password",
      title: "The user name or the password is not accepted",
      status: 401,
      detail: "the user name or the password is not accepted",
    });
    expect(answer.headers["www-authenticate"]).toBe(
      'Negotiate, Basic realm="keysystem", charset="UTF-8"',
    );
  });
});

describe("too many wrong ones", () => {
  test("for a person: the sixth waits, says how long, and so does a right one from elsewhere", async () => {
    for (let count = 0; count < 5; count += 1)
      expect((await login("bob", WRONG)).code).toBe("auth.password");
    const { status, code, headers, body } = await login("bob", PASSWORDS.bob);
    expect([status, code]).toEqual([429, "auth.attempts"]);
    const wait = Number(headers["retry-after"]);
    expect(wait).toBeGreaterThan(200);
    expect(wait).toBeLessThanOrEqual(300);
    expect(body).toContain(`wait ${wait} s`);
    // A ticket is as good as ever.
    const bob = await people.person("bob@EXAMPLE.EDU");
    expect((await people.ask(bob, PATHS.grants)).status).toBe(200);
  });

  test("sent at once: no more than five reach the directory", async () => {
    const at = "people-at-once";
    const answers = await Promise.all(Array.from({ length: 15 }, () => raw(`${at}:${WRONG}`)));
    const codes = answers.map(({ code }) => code).toSorted();
    expect(codes).toEqual([
      ...Array.from({ length: 10 }, () => "auth.attempts"),
      ...Array.from({ length: 5 }, () => "auth.password"),
    ]);
  });

  test("from an address: the twenty-first waits, whoever it is for, and another address does not", async () => {
    const from = freshAddress();
    for (let count = 0; count < 20; count += 1) await raw(`person-${count}:${WRONG}`, from);
    expect(await raw(`alice:${PASSWORDS.alice}`, from)).toMatchObject({ code: "auth.attempts" });
    expect((await login("alice", PASSWORDS.alice, freshAddress())).status).toBe(200);
  });
});

test("nothing of a password is in any file or log", async () => {
  await login("alice", PASSWORDS.alice);
  await login("carol", WRONG);
  await people.cluster.stop();
  const { folder } = people.cluster;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  expect(files.some((file) => file.endsWith("keyserver.log"))).toBe(true);
  expect(files.some((file) => file.endsWith("ledger.db"))).toBe(true);
  const secrets = [
    ...Object.values(PASSWORDS),
    WRONG,
    CELA_PASSWORD,
    "reader of the test directory",
  ];
  const traces = secrets.flatMap((secret) => [
    secret,
    Buffer.from(secret).toString("hex"),
    // However the name before it shifts the groups of three.
    ...[0, 1, 2].map((skip) => Buffer.from(secret.slice(skip)).toString("base64").slice(0, -4)),
  ]);
  for (const file of files) {
    const bytes = readFileSync(file);
    for (const trace of traces) expect(bytes.includes(trace), `${trace} in ${file}`).toBe(false);
  }
  await people.cluster.start();
});

test("where they are off, they are refused before anybody is asked, and it is said", async () => {
  await using others = await startPeopleCluster({ serverYaml: "" });
  await others.slapd().stop();
  const answer = await others.askBasic(["alice", PASSWORDS.alice], PATHS.grants, undefined, {
    from: PLACES.office,
  });
  expect([answer.status, answer.code]).toEqual([401, "auth.required"]);
  expect(answer.body).toContain("takes no passwords");
  expect(answer.headers["www-authenticate"]).toBe("Negotiate");
  expect(others.cluster.current().output()).not.toContain(PASSWORDS.alice);
});

test("a directory that is down is no wrong password, and takes nothing from the five", async () => {
  await people.slapd().stop();
  for (let count = 0; count < 8; count += 1)
    expect((await login("carol", PASSWORDS.carol)).code).toBe("directory.unavailable");
  await people.slapd().start();
  await expect
    .poll(async () => (await login("carol", PASSWORDS.carol)).status, { timeout: 20_000 })
    .toBe(200);
});
