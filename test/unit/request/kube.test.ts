import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { kubeCommand, type KubeFlags } from "../../../client/request/commands/kube.ts";
import { credentialFolder } from "../../../client/request/held/store.ts";
import { Failure } from "../../../client/terminal/failure.ts";
import { problemOf } from "../../../protocol/problems.ts";
import { clientOffer, failureOf, makeIssuedPerson, type IssuedPerson } from "./issuing.ts";

const USER = clientOffer("kube-user", "kubernetes");
const ADMIN = clientOffer("kube-admin", "kubernetes", { reason: "required" });
const ETCD = clientOffer("etcd-admin", "etcd-client");
const SERVER = clientOffer("kube-serving", "kubernetes", { usage: ["server"] });
const MINUTE = 60_000;

const run = (person: IssuedPerson, flags: KubeFlags = {}, words: readonly string[] = []) =>
  kubeCommand(person.deps, person.output(), words, flags);

const asked = ({ requests }: IssuedPerson) => requests.map(({ grant }) => grant);

describe("which grant", () => {
  test.for([
    { offers: [USER, ADMIN], want: ["kube-user"] },
    { offers: [ADMIN, USER], want: ["kube-user"] },
    { offers: [ETCD, SERVER, USER], want: ["kube-user"] },
    { offers: [ADMIN], want: ["kube-admin"] },
    { offers: [USER, ADMIN], grant: "kube-admin", want: ["kube-admin"] },
  ])("$want of $offers.grant, --grant $grant", async ({ offers, grant, want }) => {
    const person = makeIssuedPerson(offers, { environment: { KEYREQ_REASON: "a test" } });
    expect(await run(person, grant === undefined ? {} : { grant })).toBe(0);
    expect(asked(person)).toEqual(want);
    expect(person.said.err).toBe(`keyreq: ✓ ${want[0]}, 1 h\n`);
  });
  test.for([
    { grant: "etcd-admin", exit: 2, says: /gives no client certificate of kubernetes/ },
    { grant: "kube-serving", exit: 2, says: /gives no client certificate of kubernetes/ },
    { grant: "kube-usr", exit: 2, says: /the policy has no grant "kube-usr"/ },
    { grant: "../../x", exit: 2, says: /is no name of a grant/ },
    { grant: undefined, exit: 3, says: /no grant gives people a certificate of kubernetes/ },
  ])("--grant $grant: $exit, $says", async ({ grant, exit, says }) => {
    const person = makeIssuedPerson([ETCD, SERVER]);
    const failure = await failureOf(run(person, grant === undefined ? {} : { grant }));
    expect(failure).toMatchObject({ exit, message: expect.stringMatching(says) });
    expect(failure.hints.join()).toContain("keyreq");
    expect(person.requests).toEqual([]);
  });
  test("a refusal names the group that is missing; exit code 3", async () => {
    const person = makeIssuedPerson([]);
    const problem = problemOf("policy.not_granted");
    person.refuse(
      {
        grant: "kubelet",
        problem,
        verb: "issue",
        authority: "kubernetes",
        to: ["worker"],
        missing: ["one of worker"],
      },
      {
        grant: "kube-user",
        problem,
        verb: "issue",
        authority: "kubernetes",
        to: ["users"],
        missing: ["ldap:users"],
      },
    );
    const failure = await failureOf(run(person));
    expect(failure.exit).toBe(3);
    expect(failure.message).toContain("is not in users: ldap:users is missing");
  });
});

describe("what is held", () => {
  test("is used while more than five minutes are left, and nobody is asked", async () => {
    const person = makeIssuedPerson([USER]);
    await run(person);
    const before = person.log.length;
    person.wait(54 * MINUTE);
    await run(person);
    expect(person.log.length).toBe(before);
    person.wait(MINUTE);
    await run(person);
    expect(asked(person)).toEqual(["kube-user", "kube-user"]);
  });
  test("of a short life is used while more than a fifth of it is left", async () => {
    const person = makeIssuedPerson([{ ...USER, lifetime: 300 }]);
    await run(person);
    person.wait(2.9 * MINUTE);
    await run(person);
    expect(person.requests).toHaveLength(1);
    person.wait(0.2 * MINUTE);
    await run(person);
    expect(person.requests).toHaveLength(2);
  });
  test("is used of the grant that was chosen, not of the one that a flag named once", async () => {
    const person = makeIssuedPerson([USER, ADMIN], { environment: { KEYREQ_REASON: "a test" } });
    await run(person, { grant: "kube-admin" });
    await run(person);
    await run(person);
    await run(person, { grant: "kube-admin" });
    expect(asked(person)).toEqual(["kube-admin", "kube-user"]);
  });
  test.for([{ reason: "another" }, { lifetime: "10m" }])(
    "is not used where %o asks for something else",
    async (flags) => {
      const person = makeIssuedPerson([USER]);
      await run(person);
      await run(person, flags);
      expect(person.requests).toHaveLength(2);
      expect(person.requests[1]).toMatchObject("reason" in flags ? flags : { lifetime: 600 });
    },
  );
  test("is not used once its key is changed", async () => {
    const person = makeIssuedPerson([USER]);
    await run(person);
    const other = makeIssuedPerson([USER]);
    await run(other);
    const key = (one: IssuedPerson): string =>
      join(credentialFolder(one.cluster, "kube-user"), "key.pem");
    writeFileSync(key(person), readFileSync(key(other)));
    await run(person);
    expect(person.requests).toHaveLength(2);
  });
  test("goes on to its last minute where the server is down, with a word about it", async () => {
    const person = makeIssuedPerson([USER]);
    await run(person);
    person.wait(58 * MINUTE);
    person.edge.error = new Failure(4, "m1 does not answer", ["look"]);
    expect(await run(person, { execCredential: true })).toBe(0);
    expect(person.said.err).toMatch(/m1 does not answer; going on with kube-user, 2 m\n$/);
    person.wait(3 * MINUTE);
    expect(await failureOf(run(person, { execCredential: true }))).toMatchObject({ exit: 4 });
  });
  test("does not go on where the policy denies", async () => {
    const person = makeIssuedPerson([USER]);
    await run(person);
    person.wait(58 * MINUTE);
    person.refuse();
    expect(await failureOf(run(person))).toMatchObject({ exit: 3 });
  });
  test("lies in files that nobody else reads", async () => {
    const person = makeIssuedPerson([USER]);
    await run(person);
    const folder = credentialFolder(person.cluster, "kube-user");
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect([mode(folder), mode(join(folder, "key.pem"))]).toEqual([0o700, 0o600]);
  });
});

describe("a program", () => {
  const SHOW = ["sh", "-c", 'printf %s "$KUBECONFIG" > "$HOME/seen"; exit 42'];
  const environmentOf = (person: IssuedPerson) => ({
    HOME: person.deps.places.home,
    PATH: "/usr/bin:/bin",
  });
  const runIn = (person: IssuedPerson, words: readonly string[], more: object = {}) =>
    kubeCommand(
      { ...person.deps, environment: { ...environmentOf(person), ...more } },
      person.output(),
      words,
      {},
    );
  const seen = ({ deps }: IssuedPerson): string =>
    readFileSync(join(deps.places.home, "seen"), "utf8");

  test("gets a kubeconfig before its own, and its exit code is ours", async () => {
    const person = makeIssuedPerson([USER], { people: { kubernetes: "https://api:6443" } });
    expect(await runIn(person, SHOW)).toBe(42);
    const [ours = "", theirs] = seen(person).split(":");
    expect(theirs).toBe(join(person.deps.places.home, ".kube/config"));
    const folder = credentialFolder(person.cluster, "kube-user");
    expect(JSON.parse(readFileSync(ours, "utf8"))).toMatchObject({
      "current-context": "keyreq-hyades-kube-user",
      clusters: [{ cluster: { server: "https://api:6443" } }],
      users: [
        {
          user: {
            "client-certificate": join(folder, "certificate.pem"),
            "client-key": join(folder, "key.pem"),
          },
        },
      ],
    });
    expect(person.said.out).toBe("");
  });
  test("keeps KUBECONFIG as it is where nobody knows the API's URL, and after ours where it is set", async () => {
    const plain = makeIssuedPerson([USER]);
    await runIn(plain, SHOW, { KUBECONFIG: "/a:/b" });
    expect(seen(plain)).toBe("/a:/b");
    const known = makeIssuedPerson([USER], { people: { kubernetes: "https://api:6443" } });
    await runIn(known, SHOW, { KUBECONFIG: "/a:/b" });
    expect(seen(known)).toMatch(/\/kubeconfig\/kube-user\.json:\/a:\/b$/);
  });
  test.for([
    { words: ["no-such-program"], exit: 2, says: 'there is no program "no-such-program"' },
    {
      words: ["/etc/passwd"],
      exit: 2,
      says: '"/etc/passwd" cannot be run: spawn /etc/passwd EACCES',
    },
  ])("$words: $says", async ({ words, exit, says }) => {
    const person = makeIssuedPerson([USER]);
    expect(await failureOf(runIn(person, words))).toMatchObject({ exit, message: says });
  });
  test("that is not installed has the package's name in its hint", async () => {
    const person = makeIssuedPerson([USER]);
    const work = runIn(person, ["kubectl"], { PATH: "/nowhere" });
    expect(await failureOf(work)).toMatchObject({ hints: ["apt install kubernetes-client"] });
  });
  test("that a signal ends gives 128 and its number; no shell reads its words", async () => {
    const person = makeIssuedPerson([USER]);
    expect(await runIn(person, ["sh", "-c", "kill -KILL $$"])).toBe(137);
    expect(await runIn(person, ["test", "$(touch x);`id`", "=", "$(touch x);`id`"])).toBe(0);
  });
  test("is not run when there is no certificate for it", async () => {
    const person = makeIssuedPerson([]);
    expect(await failureOf(runIn(person, SHOW))).toMatchObject({ exit: 3 });
    expect(() => seen(person)).toThrow("ENOENT");
  });
});
