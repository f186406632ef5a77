import { expect, test } from "vitest";
import type { Subject } from "../../../policy/decision.ts";
import type { Caller } from "../../../server/authenticate/caller.ts";
import { createInform } from "../../../server/authenticate/inform.ts";
import type { PersonName } from "../../../server/directory/directory.ts";
import type { AgeLimits, FactFinder, Facts } from "../../../server/directory/facts.ts";
import { EXAMPLE, edit, example, kerberos, node, readSound } from "../policy/example.ts";

type Asked = { readonly directory: string; readonly name: PersonName; readonly limits: AgeLimits };

const answered = (user: string, ...groups: readonly string[]): Facts => ({
  state: "answered",
  entry: { user, groups },
  age: 7,
});

/** Directories that answer what they are told to, and note what they are asked. */
function start(answers: Readonly<Record<string, Facts>>, policy = example) {
  const asked: Asked[] = [];
  const finders = new Map<string, FactFinder>(
    Object.entries(answers).map(([directory, facts]) => [
      directory,
      async (name, limits) => {
        asked.push({ directory, name, limits });
        return Promise.resolve(facts);
      },
    ]),
  );
  return { asked, inform: createInform({ policy: () => policy, finders }) };
}

const ALL = [...example.grants.keys()];
const from = "127.0.0.1";
const alice: Caller = { subject: kerberos("alice@EXAMPLE.EDU"), from };
const withPassword = (user: string): Caller => ({
  subject: { kind: "person", user, in: [] },
  from,
});
const personOf = ({ subject }: Caller): Extract<Subject, { kind: "person" }> => {
  if (subject.kind !== "person") throw new TypeError("not a person");
  return subject;
};

test.each<readonly [string, Caller]>([
  ["a node", { subject: node("m1"), from }],
  ["root", { subject: { kind: "root" } }],
])("%s is passed on untouched, and nobody is asked", async (_, caller) => {
  const { inform, asked } = start({ ldap: answered("m1", "staff") });
  expect(await inform(caller, ALL)).toBe(caller);
  expect(asked).toEqual([]);
});

test.each<readonly [string, readonly string[], readonly string[]]>([
  ["what Kerberos alone decides", ["ssh-root", "kube-admin", "admit", "operate"], []],
  ["what nodes get", ["kubelet", "ssh-host"], []],
  ["a grant that is not there", ["ssh-rot", "__proto__"], []],
  ["nothing", [], []],
  ["what one directory decides", ["ssh-oncall", "ssh-root"], ["ldap"]],
  ["what two directories decide", ["ssh-login"], ["gitlab", "ldap"]],
  ["one thing twice", ["ssh-oncall", "admit-workers", "ssh-oncall"], ["ldap"]],
])("for %s the directories asked are those it depends on", async (_, grants, directories) => {
  const { inform, asked } = start({
    ldap: answered("alice"),
    gitlab: answered("alice"),
    other: answered("alice"),
  });
  const informed = await inform(alice, grants);
  expect(asked.map(({ directory }) => directory).toSorted()).toEqual(directories);
  if (directories.length === 0) expect(informed).toBe(alice);
});

test("of the groups only those that the policy mentions come in, in the policy's spelling", async () => {
  const { inform } = start({
    ldap: answered("alice", "Staff", "active", "kerberos:cela/root@EXAMPLE.EDU", "secret", "staff"),
  });
  const { subject, directories } = await inform(alice, ["ssh-oncall"]);
  expect(subject).toEqual({
    kind: "person",
    principal: "alice@EXAMPLE.EDU",
    user: "alice",
    in: ["ldap:active", "ldap:staff"],
  });
  expect(directories).toEqual([
    { directory: "ldap", state: "answered", age: 7, groups: ["active", "staff"] },
  ]);
});

test("a group of one directory is no group of another", async () => {
  const { inform } = start({
    ldap: answered("alice", "hyades/members"),
    gitlab: answered("alice", "hyades-users", "active"),
  });
  expect(personOf(await inform(alice, ["ssh-login"])).in).toEqual([]);
});

test.each<readonly [string, Caller, string]>([
  ["alice for ALICE", { subject: kerberos("ALICE@EXAMPLE.EDU"), from }, "alice"],
  ["Alice for alice", alice, "Alice"],
  ["alice with a space", alice, "alice "],
  ["bob for alice", alice, "bob"],
  ["alice for a password of ALICE", withPassword("ALICE"), "alice"],
])("an entry of another name is nobody's: %s", async (_, caller, user) => {
  const { inform } = start({ ldap: answered(user, "hyades-oncall", "staff") });
  const { subject, directories } = await inform(caller, ["ssh-oncall"]);
  expect(subject).toEqual(caller.subject);
  expect(directories).toEqual([{ directory: "ldap", state: "absent", age: 7 }]);
});

test.each([
  "alice@OTHER.REALM",
  "alice@example.edu",
  "alice/admin@EXAMPLE.EDU",
  "alice/root@EXAMPLE.EDU",
  "host/n1@EXAMPLE.EDU",
])("%s has no entry, and the directory is not even asked", async (principal) => {
  const { inform, asked } = start({ ldap: answered("alice", "hyades-oncall", "staff") });
  const { subject, directories } = await inform({ subject: kerberos(principal), from }, [
    "ssh-oncall",
  ]);
  expect(subject).toEqual(kerberos(principal));
  expect(directories).toEqual([{ directory: "ldap", state: "absent", age: 0 }]);
  expect(asked).toEqual([]);
});

test("a policy without a realm knows no principal's entry, only names with a password", async () => {
  const without = EXAMPLE.replace("  realm: EXAMPLE.EDU\n", "")
    .replace(/^tests:[\s\S]*/m, "")
    .replaceAll("[kerberos:cela/root@EXAMPLE.EDU, kerberos:huy/root@EXAMPLE.EDU]", "[ldap:roots]");
  const policy = readSound(without);
  const { inform, asked } = start({ ldap: answered("alice", "staff") }, policy);
  expect(personOf(await inform(alice, ["ssh-oncall"])).in).toEqual([]);
  expect(asked).toEqual([]);
  expect(personOf(await inform(withPassword("alice"), ["ssh-oncall"])).in).toEqual(["ldap:staff"]);
});

test("who came with a password has no principal, and no fact of Kerberos", async () => {
  const { inform } = start({ ldap: answered("cela", "kerberos:cela/root@EXAMPLE.EDU", "staff") });
  const { subject } = await inform(withPassword("cela"), ALL);
  expect(subject).toEqual({ kind: "person", user: "cela", in: ["ldap:staff"] });
});

test("the limits of the policy go with the question", async () => {
  const kept = edit(
    EXAMPLE,
    "{ max-age: 5m,  when-unreachable: deny }",
    "{ max-age: 90s, when-unreachable: { use-last: 1h } }",
  );
  const { inform, asked } = start({ ldap: answered("alice") }, readSound(kept));
  await inform(alice, ["ssh-oncall"]);
  expect(asked.map(({ limits }) => limits)).toMatchObject([{ maxAge: 90, useLast: 3600 }]);
});

test.each<readonly [string, Facts | undefined, object]>([
  [
    "a silent one",
    { state: "unreachable", why: "no answer in 3 s", silent: 40 },
    { state: "unreachable", detail: "no answer in 3 s", age: 40 },
  ],
  [
    "one that never spoke",
    { state: "unreachable", why: "no answer in 3 s" },
    { state: "unreachable", detail: "no answer in 3 s" },
  ],
  ["one that knows nobody of this name", { state: "absent", age: 3 }, { state: "absent", age: 3 }],
  [
    "one that is not connected",
    undefined,
    { state: "not configured", detail: "server.yaml connects no directory ldap" },
  ],
])("%s gives no fact and is named", async (_, facts, state) => {
  const { inform } = start(facts === undefined ? {} : { ldap: facts });
  const informed = await inform(alice, ["ssh-oncall"]);
  expect(informed.subject).toEqual(alice.subject);
  expect(informed.directories).toEqual([{ directory: "ldap", ...state }]);
});

test("the last word of a silent directory counts where the finder gives it, and says how old it is", async () => {
  const facts: Facts = { state: "kept", entry: { user: "alice", groups: ["staff"] }, age: 900 };
  const { inform } = start({ ldap: facts });
  const informed = await inform(alice, ["ssh-oncall"]);
  expect(personOf(informed).in).toEqual(["ldap:staff"]);
  expect(informed.directories).toEqual([
    { directory: "ldap", state: "kept", age: 900, groups: ["staff"] },
  ]);
});

test("one silent directory takes nothing from what another says", async () => {
  const { inform } = start({
    ldap: { state: "unreachable", why: "down" },
    gitlab: answered("alice", "hyades/members"),
  });
  const informed = await inform(alice, ["ssh-login"]);
  expect(personOf(informed)).toMatchObject({ user: "alice", in: ["gitlab:hyades/members"] });
  expect(informed.directories?.map(({ state }) => state)).toEqual(["unreachable", "answered"]);
});
