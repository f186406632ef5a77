import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type KerberosSite,
  PASSWORD,
  SERVICE,
  startKerberosSite,
  verdictOf,
} from "../harness/kerberos-site.ts";
import type { SpnegoClient } from "../harness/spnego.ts";

const ALICE = "alice@EXAMPLE.EDU";
let site: KerberosSite;
let client: SpnegoClient;

beforeAll(async () => {
  site = await startKerberosSite();
  await site.kdc.addPrincipal(ALICE, PASSWORD);
  client = await site.client(ALICE);
});
afterAll(() => site[Symbol.asyncDispose]());

test("a token serves once", async () => {
  const acceptor = await site.acceptor();
  const token = await client.token(SERVICE);
  expect(verdictOf(await acceptor.accept(token))).toBe(ALICE);
  expect(await acceptor.accept(token)).toEqual({
    code: "auth.replayed",
    message: "the Kerberos token was used before; each request needs one of its own",
    cause: "Request is a replay",
  });
  expect(verdictOf(await acceptor.accept(token))).toBe("auth.replayed");
  expect(verdictOf(await acceptor.accept(await client.token(SERVICE)))).toBe(ALICE);
});

test("one of twenty at the same moment gets through", async () => {
  const acceptor = await site.acceptor();
  for (let round = 0; round < 5; round += 1) {
    const token = await client.token(SERVICE);
    const results = await Promise.all(Array.from({ length: 20 }, () => acceptor.accept(token)));
    const verdicts = results.map(verdictOf).sort();
    expect(verdicts).toEqual([ALICE, ...Array.from({ length: 19 }, () => "auth.replayed")].sort());
  }
});

test("a token that was used before a restart stays used", async () => {
  const replayCache = site.newReplayCache();
  const before = await site.acceptor({ replayCache });
  const token = await client.token(SERVICE);
  expect(verdictOf(await before.accept(token))).toBe(ALICE);
  // Ended at once, as by a crash.
  await before[Symbol.asyncDispose]();
  const after = await site.acceptor({ replayCache });
  expect(verdictOf(await after.accept(token))).toBe("auth.replayed");
  expect(existsSync(replayCache)).toBe(true);
});

test("two processes with one cache take a token once", async () => {
  const replayCache = site.newReplayCache();
  const acceptors = await Promise.all([
    site.acceptor({ replayCache }),
    site.acceptor({ replayCache }),
  ]);
  const token = await client.token(SERVICE);
  const results = await Promise.all(acceptors.map((acceptor) => acceptor.accept(token)));
  expect(results.map(verdictOf).sort()).toEqual([ALICE, "auth.replayed"].sort());
});

test("the names around a used token do not make a new one of it", async () => {
  const acceptor = await site.acceptor();
  const token = await client.token(SERVICE);
  expect(verdictOf(await acceptor.accept(token))).toBe(ALICE);
  const bytes = Buffer.from(token, "base64");
  for (let at = 0; at < 220; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const verdict = verdictOf(await acceptor.accept(changed.toString("base64")));
    expect(["auth.kerberos", "auth.replayed"], `byte ${at}`).toContain(verdict);
  }
});

test.for([
  { what: "in a folder that is gone", path: "gone/replay" },
  { what: "that is a folder", path: "folder" },
])("without a replay cache ($what) nobody is let in", async ({ path }) => {
  mkdirSync(join(site.folder, "folder"), { recursive: true });
  const acceptor = await site.acceptor({ replayCache: join(site.folder, path) });
  const refusal = await acceptor.accept(await client.token(SERVICE));
  expect(refusal).toMatchObject({ code: "auth.unavailable" });
  expect("cause" in refusal && refusal.cause).toContain("the replay cache cannot be written");
  expect("message" in refusal && refusal.message).not.toContain(site.folder);
});

test("older variables of the replay cache have no say", async () => {
  const older = { KRB5RCACHETYPE: "none", KRB5RCACHENAME: "none:", KRB5RCACHEDIR: "/" };
  const acceptor = await site.acceptor({}, older);
  const token = await client.token(SERVICE);
  expect(verdictOf(await acceptor.accept(token))).toBe(ALICE);
  expect(verdictOf(await acceptor.accept(token))).toBe("auth.replayed");
});
