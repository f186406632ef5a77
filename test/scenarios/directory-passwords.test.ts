import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Directory } from "../../server/directory/directory.ts";
import type { LdapConfig } from "../../server/directory/ldap-config.ts";
import { createLdapDirectory } from "../../server/directory/ldap-directory.ts";
import { BASE, PASSWORDS, personDn, READER } from "../harness/directory-entries.ts";
import { ldapConfigOf } from "../harness/ldap-config.ts";
import { type Slapd, startSlapd } from "../harness/slapd.ts";

const WITHOUT_PASSWORD = `dn: ${personDn("dave")}
objectClass: inetOrgPerson
uid: dave
cn: dave
sn: dave
`;

const folder = mkdtempSync(join(tmpdir(), "directory-passwords-"));
let slapd: Slapd;
let directory: Directory;

const connect = (changes: Partial<LdapConfig> = {}): Directory =>
  createLdapDirectory(ldapConfigOf(slapd, changes), { warn: () => undefined });

const user = (name: string) => ({ kind: "user", user: name }) as const;

beforeAll(async () => {
  slapd = await startSlapd({ folder: join(folder, "slapd"), entries: WITHOUT_PASSWORD });
  directory = connect();
});
afterAll(async () => {
  await directory.close();
  await slapd.stop();
  rmSync(folder, { recursive: true });
});

describe("passwords", () => {
  test("the right one is right", async () =>
    expect(await directory.checkPassword("alice", PASSWORDS.alice)).toMatchObject({
      user: "alice",
      groups: ["active", "hyades-users"],
    }));

  test.for([
    ["alice", "wrong"],
    ["alice", PASSWORDS.bob],
    ["alice", ""],
    ["alice", "\0"],
    ["alice", `${PASSWORDS.alice}\0`],
    ["alice", `${PASSWORDS.alice}\0x`],
    ["ALICE", PASSWORDS.alice],
    [personDn("alice"), PASSWORDS.alice],
    ["reader", READER.password],
    ["nobody-here", PASSWORDS.alice],
    ["", PASSWORDS.alice],
    ["*", PASSWORDS.alice],
    ["dave", "wrong"],
  ] as const)("%j with %j is refused", async ([name, password]) =>
    expect(await directory.checkPassword(name, password)).toBeUndefined(),
  );

  test("an empty one is not even asked about", async () => {
    const binds = (): number => slapd.daemon().output().split(`BIND dn="uid=alice`).length;
    const before = binds();
    await directory.checkPassword("alice", "");
    await directory.checkPassword("alice", "\0x");
    expect(binds()).toBe(before);
  });

  test("none is taken where server.yaml does not say so", async () => {
    const found = connect({ passwords: false });
    await expect(found.checkPassword("alice", PASSWORDS.alice)).rejects.toMatchObject({
      name: "DirectoryError",
    });
    await found.close();
  });

  test("the reader's account is bound again afterwards, not the person's", async () => {
    await directory.checkPassword("bob", PASSWORDS.bob);
    expect(await directory.findPerson(user("alice"))).toMatchObject({ user: "alice" });
  });
});

test("no password is in what an error shows, to the caller or the operator", async () => {
  const secret = "s3cret-in-no-log";
  const passwordFile = join(folder, "secret");
  writeFileSync(passwordFile, `${secret}\n`);
  const { bind } = ldapConfigOf(slapd);
  const reading = connect({ bind: { ...bind, "password-file": passwordFile } });
  const missing = connect({ people: { base: `ou=absent,${BASE}` } });
  const errors = await Promise.all(
    [
      reading.probe(),
      reading.checkPassword("alice", secret),
      missing.checkPassword("alice", secret),
    ].map((asked) => asked.then(String, (error: unknown) => inspect(error, { depth: Infinity }))),
  );
  expect(errors.every((text) => text.includes("DirectoryError"))).toBe(true);
  expect(errors.filter((text) => text.includes(secret))).toEqual([]);
  await Promise.all([reading.close(), missing.close()]);
  expect(slapd.daemon().output()).not.toContain(secret);
});

describe("the reader's account", () => {
  const refusedWith = async (
    changes: Partial<LdapConfig["bind"]>,
    words: string,
  ): Promise<void> => {
    const { bind } = ldapConfigOf(slapd);
    const found = connect({ bind: { ...bind, ...changes } });
    await expect(found.probe()).rejects.toThrow(words);
    await expect(found.findPerson(user("alice"))).rejects.toThrow(words);
    await found.close();
  };
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test("can ask", () => directory.probe());
  test("with another password", () =>
    refusedWith({ "password-file": file("wrong", "wrong\n") }, "refuses its reader's account"));
  test("that is not there", () =>
    refusedWith({ dn: `cn=nobody,${BASE}` }, "refuses its reader's account"));
  test("without a password, which would be nobody's", () =>
    refusedWith({ "password-file": file("empty", "\n") }, "does not hold one line"));
  test("whose file has two lines", () =>
    refusedWith({ "password-file": file("two", "one\ntwo\n") }, "does not hold one line"));
  test("whose file is not there", () =>
    refusedWith({ "password-file": join(folder, "absent") }, "cannot be read"));
});
