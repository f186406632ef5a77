import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Directory } from "../../server/directory/directory.ts";
import { createFactFinder } from "../../server/directory/facts.ts";
import type { LdapConfig } from "../../server/directory/ldap-config.ts";
import { createLdapDirectory } from "../../server/directory/ldap-directory.ts";
import { PASSWORDS } from "../harness/directory-entries.ts";
import { ldapConfigOf, waysTo } from "../harness/ldap-config.ts";
import { type Slapd, startSlapd } from "../harness/slapd.ts";
import { makeTlsFiles, type TlsFault } from "../harness/tls-files.ts";

const folder = mkdtempSync(join(tmpdir(), "directory-tls-"));
const alice = { kind: "user", user: "alice" } as const;
let slapd: Slapd;

const connect = (changes: Partial<LdapConfig>): Directory =>
  createLdapDirectory(ldapConfigOf(slapd, changes), { warn: () => undefined });

/** How often somebody proved anything to slapd over the network; the tests' own changes come by its socket. */
const binds = (): number =>
  slapd
    .daemon()
    .output()
    .split(/BIND dn="(?:cn=reader|uid=)/).length;

beforeAll(async () => {
  slapd = await startSlapd({ folder: join(folder, "slapd") });
});
afterAll(async () => {
  await slapd.stop();
  rmSync(folder, { recursive: true });
});

/** Every question, over LDAPS and StartTLS, is refused with these words, and no password is sent. */
async function expectRefusal(changes: Partial<LdapConfig>, words: string): Promise<void> {
  const before = binds();
  for (const way of waysTo(slapd)) {
    const directory = connect({ ...changes, ...way });
    const refusal = { name: "DirectoryError", message: `localhost ${words}` };
    await expect(directory.findPerson(alice)).rejects.toMatchObject(refusal);
    await expect(directory.checkPassword("alice", PASSWORDS.alice)).rejects.toMatchObject(refusal);
    await expect(directory.probe()).rejects.toMatchObject(refusal);
    await directory.close();
  }
  expect(binds()).toBe(before);
}

describe("a directory's certificate", () => {
  test.for([
    ["that has expired", { days: -1 }, "shows a certificate that has expired"],
    ["for another name", { names: "DNS:ldap.other.edu" }, "shows a certificate for another name"],
    [
      "for no name but its subject's",
      { names: "email:a@b.edu" },
      "shows a certificate for another name",
    ],
    ["for an address only", { names: "IP:127.0.0.1" }, "shows a certificate for another name"],
  ] as const satisfies readonly (readonly [string, TlsFault, string])[])(
    "%s is refused",
    async ([name, fault, words]) => {
      const tls = await makeTlsFiles(join(folder, name), fault);
      await slapd.stop();
      await slapd.start(tls);
      try {
        await expectRefusal({ ca: tls.ca }, words);
      } finally {
        await slapd.stop();
        await slapd.start();
      }
    },
  );

  test("of another authority of the same name is refused", async () => {
    const { ca } = await makeTlsFiles(join(folder, "another"));
    const before = binds();
    const directory = connect({ ca });
    await expect(directory.findPerson(alice)).rejects.toThrow(/not trusted/);
    expect(binds()).toBe(before);
    await directory.close();
  });

  test("of an authority that the system does not know is refused", async () => {
    const before = binds();
    for (const way of waysTo(slapd)) {
      const { ca: _, ...config } = { ...ldapConfigOf(slapd), ...way };
      const directory = createLdapDirectory(config, { warn: () => undefined });
      await expect(directory.findPerson(alice)).rejects.toThrow(
        "localhost shows a certificate of an authority that is not trusted",
      );
      await directory.close();
    }
    expect(binds()).toBe(before);
  });

  test("may name an address", async () => {
    const url = slapd.ldaps.replace("localhost", "127.0.0.1");
    const directory = connect({ url });
    expect(await directory.findPerson(alice)).toMatchObject({ user: "alice" });
    await directory.close();
  });

  test("is checked by a file that must hold an authority", async () => {
    const empty = join(folder, "empty.pem");
    writeFileSync(empty, "nothing\n");
    await expectRefusal(
      { ca: empty },
      "cannot be asked: the file of its authorities holds no certificate",
    );
    await expectRefusal(
      { ca: join(folder, "absent.pem") },
      "cannot be asked: the file of its authorities cannot be read",
    );
  });

  test("is checked by the file as it is now", async () => {
    const file = join(folder, "changing.pem");
    const other = await makeTlsFiles(join(folder, "next"));
    writeFileSync(file, "-----BEGIN CERTIFICATE-----\n");
    const directory = connect({ ca: file });
    await expect(directory.findPerson(alice)).rejects.toThrow("localhost");
    writeFileSync(file, readFileSync(slapd.caFile));
    expect(await directory.findPerson(alice)).toMatchObject({ user: "alice" });
    await slapd.stop();
    await slapd.start(other);
    await expect(directory.findPerson(alice)).rejects.toThrow(/not trusted/);
    writeFileSync(file, readFileSync(other.ca));
    expect(await directory.findPerson(alice)).toMatchObject({ user: "alice" });
    await directory.close();
    await slapd.stop();
    await slapd.start();
  });
});

test("what was known counts no longer than the policy says while the certificate is refused", async () => {
  let seconds = 0;
  const directory = connect({});
  const find = createFactFinder({
    directory,
    now: () => 1_000_000 + seconds,
    monotonic: () => seconds,
  });
  const limits = { maxAge: 300, useLast: 3600 };
  expect(await find(alice, limits)).toMatchObject({ state: "answered" });
  const expired = await makeTlsFiles(join(folder, "expired"), { days: -1 });
  await slapd.stop();
  await slapd.start({ ...expired });
  seconds = 301;
  expect(await find(alice, { maxAge: 300, useLast: 0 })).toMatchObject({ state: "unreachable" });
  seconds = 3600;
  expect(await find(alice, limits)).toMatchObject({ state: "kept", age: 3600 });
  seconds = 3601;
  expect(await find(alice, limits)).toMatchObject({
    state: "unreachable",
    why: expect.stringContaining("localhost shows a certificate"),
    silent: 3601,
  });
  await directory.close();
  await slapd.stop();
  await slapd.start();
});

describe("without TLS", () => {
  test("nothing is asked: such a directory cannot be configured", () => {
    expect(() => connect({ url: slapd.ldap })).toThrow("without TLS");
    expect(() => connect({ url: slapd.ldap, "start-tls": false })).toThrow("without TLS");
  });

  test("a server that speaks LDAP where TLS should be is refused", async () => {
    const before = binds();
    const url = slapd.ldap.replace("ldap:", "ldaps:");
    const directory = connect({ url, timeout: 1 });
    await expect(directory.findPerson(alice)).rejects.toThrow("localhost");
    expect(binds()).toBe(before);
    await directory.close();
  });
});
