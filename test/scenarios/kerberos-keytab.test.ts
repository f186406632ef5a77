import { chmodSync, copyFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type KerberosSite,
  PASSWORD,
  SERVICE,
  SERVICE_PRINCIPAL,
  startKerberosSite,
  verdictOf,
} from "../harness/kerberos-site.ts";

const ALICE = "alice@EXAMPLE.EDU";
const NOBODY = 65_534;
const IS_ROOT = process.getuid?.() === 0;
let site: KerberosSite;

beforeAll(async () => {
  site = await startKerberosSite();
  await site.kdc.addPrincipal(ALICE, PASSWORD);
});
afterAll(() => site[Symbol.asyncDispose]());

const path = (name: string): string => join(site.folder, name);

/** What an acceptor with this keytab, of which a copy is made before `prepare`, says to a good ticket. */
async function offer(keytab: string, uid?: number) {
  const acceptor = await site.acceptor({ keytab, ...(uid === undefined ? {} : { uid }) });
  const client = await site.client(ALICE);
  return acceptor.accept(await client.token(SERVICE));
}

const UNAVAILABLE =
  "this keyserver cannot check Kerberos tickets now; its operator finds the reason in the log";

describe("a keytab", () => {
  test.for([
    {
      what: "that is not there",
      make: () => undefined,
      cause: "the keytab cannot be read: no such file or directory",
    },
    {
      what: "that is a folder",
      make: (file: string) => mkdirSync(file),
      cause: "the keytab cannot be read: illegal operation on a directory",
    },
    {
      what: "that is empty",
      make: (file: string) => writeFileSync(file, ""),
      cause: "the keytab is empty or none",
    },
    {
      what: "that is something else",
      make: (file: string) => writeFileSync(file, "-----BEGIN"),
      cause: "the keytab is empty or none",
    },
    {
      what: "without a key",
      make: (file: string) => writeFileSync(file, Buffer.of(5, 2)),
      cause: `the keytab has no key for ${SERVICE_PRINCIPAL}`,
    },
  ])("$what lets nobody in, and the operator learns why", async ({ what, make, cause }) => {
    const keytab = path(what.replaceAll(" ", "-"));
    make(keytab);
    const refusal = await offer(keytab);
    expect(refusal).toMatchObject({ code: "auth.unavailable", message: UNAVAILABLE });
    expect("cause" in refusal && refusal.cause).toContain(cause);
  });

  test("that keyserver's user may not read lets nobody in", async () => {
    const keytab = path("closed.keytab");
    copyFileSync(site.keytab, keytab);
    chmodSync(keytab, IS_ROOT ? 0o600 : 0o000);
    expect(await offer(keytab, IS_ROOT ? NOBODY : undefined)).toEqual({
      code: "auth.unavailable",
      message: UNAVAILABLE,
      cause: "the keytab cannot be read: permission denied",
    });
  });

  test("that appears later is used from then on", async () => {
    const keytab = path("later.keytab");
    const acceptor = await site.acceptor({ keytab });
    const client = await site.client(ALICE);
    expect(verdictOf(await acceptor.accept(await client.token(SERVICE)))).toBe("auth.unavailable");
    copyFileSync(site.keytab, keytab);
    expect(verdictOf(await acceptor.accept(await client.token(SERVICE)))).toBe(ALICE);
  });
});

test.runIf(IS_ROOT)("Kerberos works after keyserver became another user", async () => {
  const folder = path("of-nobody");
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  const keytab = join(folder, "keytab");
  copyFileSync(site.keytab, keytab);
  chmodSync(keytab, 0o644);
  const replayCache = join(folder, "replay");
  const acceptor = await site.acceptor({ keytab, replayCache, uid: NOBODY });
  const client = await site.client(ALICE);
  const token = await client.token(SERVICE);
  expect(verdictOf(await acceptor.accept(token))).toBe(ALICE);
  expect(verdictOf(await acceptor.accept(token))).toBe("auth.replayed");
  expect(statSync(replayCache)).toMatchObject({ uid: NOBODY, mode: 0o100_600 });
});

/** The words for a ticket that was made with a key that the keytab does not have. */
const OUTDATED = {
  code: "auth.kerberos",
  message: `the ticket for ${SERVICE_PRINCIPAL} fits no key of this keyserver; get a new ticket, and if that one is refused too, its operator must renew the keytab`,
};

describe("the service's key", () => {
  test("is changed at the KDC alone: refused until the keytab has it too, then both", async () => {
    const before = await site.client(ALICE);
    const old = await before.token(SERVICE);
    await site.kdc.administer("EXAMPLE.EDU", "cpw", "-randkey", SERVICE_PRINCIPAL);
    const refusal = await offer(site.keytab);
    expect(refusal).toMatchObject(OUTDATED);
    expect("cause" in refusal && refusal.cause).toMatch(/kvno 2 not found in keytab.*\(ktadd\)$/);

    await site.kdc.addService(SERVICE_PRINCIPAL, site.keytab);
    expect(verdictOf(await offer(site.keytab))).toBe(ALICE);
    const acceptor = await site.acceptor();
    expect(verdictOf(await acceptor.accept(old))).toBe(ALICE);
  });

  test("is another one with the same number", async () => {
    await site.kdc.administer("EXAMPLE.EDU", "delprinc", "-force", SERVICE_PRINCIPAL);
    await site.kdc.administer("EXAMPLE.EDU", "addprinc", "-randkey", SERVICE_PRINCIPAL);
    const refusal = await offer(site.keytab);
    expect(refusal).toMatchObject(OUTDATED);
    expect("cause" in refusal && refusal.cause).toContain("cannot decrypt ticket");
  });

  test("is described in English whatever the locale", async () => {
    const client = await site.client(ALICE);
    const german = { LC_ALL: "C.UTF-8", LANG: "C.UTF-8", LANGUAGE: "de" };
    const acceptor = await site.acceptor({}, german);
    const token = await client.token(SERVICE);
    expect(await acceptor.accept(token)).toMatchObject(OUTDATED);
  });
});
