import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Directory } from "../../server/directory/directory.ts";
import type { LdapConfig } from "../../server/directory/ldap-config.ts";
import { createFactFinder } from "../../server/directory/facts.ts";
import { createLdapDirectory } from "../../server/directory/ldap-directory.ts";
import { membersOf } from "../../server/directory/members.ts";
import { BASE, PASSWORDS, personDn } from "../harness/directory-entries.ts";
import { ldapConfigOf, waysTo } from "../harness/ldap-config.ts";
import { type Slapd, startSlapd } from "../harness/slapd.ts";
import { waitFor } from "../harness/wait.ts";

/** Entries that a directory can have and that must not become somebody else. */
const ODD_ENTRIES = `dn: ou=elsewhere,${BASE}
objectClass: organizationalUnit
ou: elsewhere

dn: ou=deeper,ou=people,${BASE}
objectClass: organizationalUnit
ou: deeper

dn: uid=erin,ou=deeper,ou=people,${BASE}
objectClass: inetOrgPerson
uid: erin
cn: erin
sn: erin

dn: uid=Frank,ou=people,${BASE}
objectClass: inetOrgPerson
objectClass: krbPrincipalAux
krbPrincipalName: frank@EXAMPLE.EDU
uid: Frank
cn: frank
sn: frank

dn: uid=grace,ou=people,${BASE}
objectClass: inetOrgPerson
uid: grace
uid: root
cn: grace
sn: grace

dn: uid=heidi,ou=people,${BASE}
objectClass: inetOrgPerson
uid: heidi
cn: heidi
sn: heidi

dn: uid=heidi,ou=deeper,ou=people,${BASE}
objectClass: inetOrgPerson
uid: heidi
cn: heidi
sn: heidi

dn: uid=ivan,ou=elsewhere,${BASE}
objectClass: inetOrgPerson
uid: ivan
cn: ivan
sn: ivan

dn: ou=mine,ou=groups,${BASE}
objectClass: organizationalUnit
ou: mine

dn: cn=hyades-oncall,ou=mine,ou=groups,${BASE}
objectClass: groupOfNames
cn: hyades-oncall
member: ${personDn("alice")}

dn: cn=deep,ou=mine,ou=groups,${BASE}
objectClass: groupOfNames
cn: deep
member: ${personDn("alice")}

dn: cn=far,ou=elsewhere,${BASE}
objectClass: groupOfNames
cn: far
member: ${personDn("alice")}

dn: cn=two words,ou=groups,${BASE}
objectClass: groupOfNames
cn: two words
cn: staff
member: ${personDn("alice")}

dn: cn=plus+o=hyades,ou=groups,${BASE}
objectClass: groupOfNames
cn: plus
o: hyades
member: ${personDn("alice")}
`;

const folder = mkdtempSync(join(tmpdir(), "directory-"));
const warnings: string[] = [];
let slapd: Slapd;
let directory: Directory;

const connect = (changes: Partial<LdapConfig> = {}): Directory =>
  createLdapDirectory(ldapConfigOf(slapd, changes), { warn: (text) => void warnings.push(text) });

const user = (name: string) => ({ kind: "user", user: name }) as const;

beforeAll(async () => {
  slapd = await startSlapd({ folder: join(folder, "slapd"), entries: ODD_ENTRIES });
  directory = connect();
});
afterAll(async () => {
  await directory.close();
  await slapd.stop();
  rmSync(folder, { recursive: true });
});

const KINDS = [
  { kind: "member-of", base: `ou=groups,${BASE}` },
  { kind: "group-of-names", base: `ou=groups,${BASE}` },
  { kind: "posix-group", base: `ou=posix,${BASE}` },
] as const;

describe.for(KINDS)("groups by $kind", (groups) => {
  test("of each person, over LDAPS and StartTLS", async () => {
    for (const way of waysTo(slapd)) {
      const found = connect({ ...way, groups });
      expect(await found.findPerson(user("bob"))).toEqual({
        user: "bob",
        groups: ["active", "hyades-oncall", "hyades-users", "staff"],
      });
      expect(await found.findPerson(user("alice"))).toMatchObject({
        groups: ["active", "hyades-users"],
      });
      await found.close();
    }
  });

  // An entry of another name says that it is called staff too: who is in that one is asked about, and is not in.
  test("of a group, those whom a question about themselves finds in it", async () => {
    const found = connect({ groups });
    const find = createFactFinder({ directory: found, now: () => 0 });
    const asked = { directory: found, find, limits: { maxAge: 0, useLast: 0 } };
    const { state, people } = await membersOf(asked, ["staff"]);
    expect([state, ...people.map((one) => one.user)]).toEqual(["answered", "bob", "carol"]);
    expect((await membersOf(asked, ["nothing-like-it"])).people).toEqual([]);
    expect(await found.findCandidates("staff")).toEqual(
      groups.kind === "posix-group" ? ["bob", "carol"] : ["alice", "bob", "carol"],
    );
    await found.close();
  });

  test("anywhere below the base, but none whose name is there twice", async () => {
    warnings.length = 0;
    const found = connect({ groups: { ...groups, scope: "sub" } });
    const alice = await found.findPerson(user("alice"));
    const isPosix = groups.kind === "posix-group";
    expect(alice?.groups).toEqual(["active", ...(isPosix ? [] : ["deep"]), "hyades-users"]);
    const bob = await found.findPerson(user("bob"));
    expect(bob?.groups.includes("hyades-oncall")).toBe(isPosix);
    expect(warnings.some((text) => text.includes("called hyades-oncall"))).toBe(!isPosix);
    await found.close();
  });

  test("as they are now", async () => {
    const found = connect({ groups });
    await slapd.addToGroup("carol", "hyades-users");
    expect((await found.findPerson(user("carol")))?.groups).toContain("hyades-users");
    await slapd.removeFromGroup("carol", "hyades-users");
    expect((await found.findPerson(user("carol")))?.groups).not.toContain("hyades-users");
    await found.close();
  });
});

describe("who somebody is", () => {
  test.for([
    "ALICE",
    "Alice",
    "alice ",
    " alice",
    "al ice",
    "alice\0",
    "*",
    "a*",
    "",
    "nobody-here",
    "Frank",
    "frank",
    // below the suffix, but not below the people
    "ivan",
  ])("%j is nobody", async (name) =>
    expect(await directory.findPerson(user(name))).toBeUndefined(),
  );

  test("an entry may lie deeper", async () =>
    expect(await directory.findPerson(user("erin"))).toEqual({ user: "erin", groups: [] }));

  test.for(["grace", "root", "heidi"])("%s is not clear, and therefore refused", async (name) =>
    expect(directory.findPerson(user(name))).rejects.toMatchObject({
      name: "DirectoryError",
      concern: "person",
    }),
  );

  test("what is not clear is for the operator to read, not for the caller", async () => {
    const error: unknown = await directory
      .findPerson(user("grace"))
      .catch((found: unknown) => found);
    expect(error).toMatchObject({
      message: "localhost has an entry without one clear name",
      cause: { message: expect.stringContaining("uid=grace") },
    });
    expect(warnings.some((text) => text.includes("uid=grace"))).toBe(true);
  });

  test("a principal is who has it, whole and exact", async () => {
    const find = (principal: string, primary: string): ReturnType<Directory["findPerson"]> =>
      directory.findPerson({ kind: "principal", principal, primary });
    expect(await find("alice@EXAMPLE.EDU", "alice")).toMatchObject({ user: "alice" });
    expect(await find("alice@example.edu", "alice")).toBeUndefined();
    expect(await find("alice@OTHER.EDU", "alice")).toBeUndefined();
    expect(await find("erin@EXAMPLE.EDU", "erin")).toBeUndefined();
    // whose entry has a name that no policy can have
    expect(await find("frank@EXAMPLE.EDU", "frank")).toBeUndefined();
  });

  test("without an attribute for principals its primary is the user's name", async () => {
    const found = connect({ people: { base: `ou=people,${BASE}` } });
    const name = { kind: "principal", principal: "erin@EXAMPLE.EDU", primary: "erin" } as const;
    expect(await found.findPerson(name)).toMatchObject({ user: "erin" });
    await found.close();
  });
});

describe("over time", () => {
  test("who leaves a group has left it within max-age", async () => {
    let seconds = 0;
    const now = (): number => 1_000_000 + seconds;
    const find = createFactFinder({ directory, now, monotonic: () => seconds });
    const groups = async (): Promise<readonly string[]> => {
      const facts = await find(user("bob"), { maxAge: 300, useLast: 0 });
      return "entry" in facts ? facts.entry.groups : [];
    };
    expect(await groups()).toContain("hyades-oncall");
    await slapd.removeFromGroup("bob", "hyades-oncall");
    seconds = 299;
    expect(await groups()).toContain("hyades-oncall");
    seconds = 301;
    expect(await groups()).not.toContain("hyades-oncall");
    await slapd.addToGroup("bob", "hyades-oncall");
  });

  test("a directory that is stopped is missed at once, and asked again when it is back", async () => {
    await directory.findPerson(user("alice"));
    await slapd.stop();
    await expect(directory.findPerson(user("alice"))).rejects.toMatchObject({
      message: "localhost takes no connections",
      concern: "directory",
    });
    await slapd.start();
    expect(await directory.findPerson(user("alice"))).toMatchObject({ user: "alice" });
  });

  test("a restart between two questions is not noticed", async () => {
    await directory.findPerson(user("alice"));
    await slapd.stop();
    await slapd.start();
    expect(await directory.findPerson(user("alice"))).toMatchObject({ user: "alice" });
  });

  test("a directory that stands still costs its time and no more, and is asked again", async () => {
    const found = connect({ timeout: 1 });
    await found.findPerson(user("alice"));
    await slapd.stall();
    try {
      await expect(found.findPerson(user("alice"))).rejects.toThrow(
        "localhost does not answer (timed out after 1 s)",
      );
      await expect(found.checkPassword("alice", PASSWORDS.alice)).rejects.toThrow("timed out");
      await expect(found.probe()).rejects.toThrow("timed out");
    } finally {
      slapd.resume();
    }
    const again = await waitFor("an answer", () => found.findPerson(user("alice")));
    expect(again).toMatchObject({ user: "alice" });
    await found.close();
  });

  test("what is closed is not asked", async () => {
    const found = connect();
    await found.findPerson(user("alice"));
    await found.close();
    await expect(found.findPerson(user("alice"))).rejects.toThrow("not asked any more");
  });
});
