import { randomBytes } from "node:crypto";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { createSerials } from "../../../server/ledger/serial.ts";
import { verifyLog } from "../../../server/log/verify.ts";
import { createTestLedger, DAY, intentOf, issue, NOW, recordOf } from "./fixture.ts";

describe("an intent", () => {
  test("is found as intended, and as issued once it is recorded", async () => {
    const { ledger } = createTestLedger();
    const intent = intentOf({ from: "10.0.0.3", reason: "because" });
    await ledger.intend([intent]);
    expect(await ledger.findCertificate(intent.serial)).toEqual({ ...intent, state: "intended" });

    const record = recordOf(intent);
    await ledger.record([record]);
    const { notBefore, notAfter } = record;
    const certificate = Buffer.from(record.certificate);
    expect(await ledger.findCertificate(intent.serial)).toEqual({
      ...intent,
      state: "issued",
      notBefore,
      notAfter,
      certificate,
    });
  });

  test("with a serial that its authority has used is refused", async () => {
    const { ledger } = createTestLedger();
    const { serial } = await issue(ledger);
    await expect(ledger.intend([intentOf({ serial })])).rejects.toMatchObject({
      code: "ledger.conflict",
    });
    await ledger.intend([intentOf({ serial, authority: "etcd" })]);
  });

  test("is all or none with those it is committed with", async () => {
    const { ledger } = createTestLedger();
    const taken = await issue(ledger);
    const fresh = intentOf();
    await expect(ledger.intend([fresh, intentOf({ serial: taken.serial })])).rejects.toThrow();
    expect(await ledger.findCertificate(fresh.serial)).toBeUndefined();
    await ledger.intend([fresh]);
  });

  test("that fails takes nobody in its group with it", async () => {
    const { ledger } = createTestLedger();
    const taken = await issue(ledger, { subject: "node:new-in-no-group" });
    const others = Array.from({ length: 20 }, (_, n) => intentOf({ subject: `node:n${n}` }));
    const bad = intentOf({ serial: taken.serial, subject: "node:n3", grant: "only-here" });
    const writes = others.map((intent, n) => ledger.intend(n === 10 ? [bad, intent] : [intent]));
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(1);
    expect(outcomes[10]?.status).toBe("rejected");
    for (const [n, intent] of others.entries()) {
      const found = await ledger.findCertificate(intent.serial);
      expect(found?.subject).toBe(n === 10 ? undefined : intent.subject);
    }
    await ledger.intend([intentOf({ grant: "only-here" })]);
  });

  test.for(["", "zz", "AB".repeat(20), "ab".repeat(19), "ab".repeat(21)])(
    "with serial %j is a programmer's mistake",
    async (serial) => {
      const { ledger } = createTestLedger();
      await expect(ledger.intend([intentOf({ serial })])).rejects.toThrow(TypeError);
      expect(await ledger.findCertificate(serial)).toBeUndefined();
    },
  );

  test("is never two when the random source repeats itself", async () => {
    const { ledger } = createTestLedger();
    const stuck = randomBytes(8192);
    const one = createSerials({ now: () => NOW, randomBytes: () => stuck });
    const two = createSerials({ now: () => NOW, randomBytes: () => stuck });
    const writes = [one, two].map((serials) =>
      ledger.intend([intentOf({ serial: serials.tls() })]),
    );
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });
});

describe("a record", () => {
  test("without an open intent is refused", async () => {
    const { ledger } = createTestLedger();
    const issued = await issue(ledger);
    const open = intentOf();
    await ledger.intend([open]);
    for (const intent of [intentOf(), issued, { ...open, authority: "etcd" }]) {
      const both = ledger.record([recordOf(open), recordOf(intent)]);
      await expect(both).rejects.toMatchObject({ code: "ledger.conflict" });
    }
    await ledger.record([recordOf(open)]);
  });

  test("of one intent counts once, however many come at the same time", async () => {
    const { ledger } = createTestLedger();
    const intent = intentOf();
    await ledger.intend([intent]);
    const why = "signer.refused: no";
    const { authority, serial } = intent;
    const outcomes = await Promise.allSettled([
      ledger.record([recordOf(intent)]),
      ledger.record([recordOf(intent)]),
      ledger.abandon([{ authority, serial, why }]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  });

  test("answers with the checkpoint that covers it", async () => {
    const { ledger, file } = createTestLedger();
    await issue(ledger);
    const intent = intentOf();
    await ledger.intend([intent]);
    const checkpoint = await ledger.record([recordOf(intent)]);
    expect(checkpoint.size).toBe(2);
    expect(await ledger.checkpoint()).toEqual(checkpoint);
    expect(verifyLog(file)).toEqual({ ok: true, checkpoint });
  });

  test("has one log entry that says who got what under which policy", async () => {
    const { ledger, file } = createTestLedger();
    const { serial } = await issue(ledger, { from: "10.0.0.3", reason: "a \u202e\n reason" });
    const db = new Database(file, { readonly: true });
    const bodies = db.prepare<[], string>("SELECT body FROM log").pluck().all();
    db.close();
    expect(bodies).toHaveLength(1);
    expect(bodies[0]).toMatch(/^[ -~]+$/);
    expect(JSON.parse(bodies[0] ?? "")).toMatchObject({
      at: NOW,
      event: "certificate.issued",
      authority: "nodes",
      grant: "node-identity",
      subject: "node:w3",
      policy: "4c1e9a",
      serial,
      from: "10.0.0.3",
      reason: "a \u202e\n reason",
    });
  });
});

test("an abandoned intent keeps its reason and can get no certificate", async () => {
  const { ledger } = createTestLedger();
  const intent = intentOf();
  await ledger.intend([intent]);
  await ledger.abandon([{ authority: "nodes", serial: intent.serial, why: "signer.refused: no" }]);
  const found = await ledger.findCertificate(intent.serial);
  expect(found).toEqual({ ...intent, state: "abandoned", why: "signer.refused: no" });
  await expect(ledger.record([recordOf(intent)])).rejects.toMatchObject({
    code: "ledger.conflict",
  });
});

describe("the inventory", () => {
  test("is newest first and filtered by subject, grant and end", async () => {
    const { ledger } = createTestLedger();
    const first = await issue(ledger, { subject: "node:a" });
    const second = await issue(ledger, { subject: "node:b" }, { notAfter: NOW + 2 * DAY });
    const third = await issue(ledger, { subject: "node:a", grant: "etcd-peer" });
    const serialsOf = async (filter: object): Promise<readonly string[]> =>
      (await ledger.listCertificates({ at: NOW, limit: 10, ...filter })).map(
        ({ serial }) => serial,
      );

    expect(await serialsOf({})).toEqual([third.serial, second.serial, first.serial]);
    expect(await serialsOf({ limit: 2 })).toEqual([third.serial, second.serial]);
    expect(await serialsOf({ subject: "node:a" })).toEqual([third.serial, first.serial]);
    expect(await serialsOf({ subject: "node:a", grant: "etcd-peer" })).toEqual([third.serial]);
    expect(await serialsOf({ subject: "etcd-peer" })).toEqual([]);
    expect(await serialsOf({ subject: "node:c" })).toEqual([]);
    const soon = { expiringBefore: NOW + DAY + 1 };
    expect(await serialsOf(soon)).toEqual([third.serial, first.serial]);
    expect(await serialsOf({ ...soon, at: NOW + DAY + 1 })).toEqual([]);
  });

  test("counts certificates by authority since an hour", async () => {
    const { ledger } = createTestLedger();
    await issue(ledger, { at: NOW - 2 * DAY });
    await issue(ledger);
    await issue(ledger);
    await issue(ledger, { authority: "ssh-host", serial: "ab".repeat(8) });
    await ledger.intend([intentOf()]);
    expect(await ledger.counts(NOW)).toEqual([
      { authority: "nodes", issued: 2 },
      { authority: "ssh-host", issued: 1 },
    ]);
    expect(await ledger.counts(0)).toContainEqual({ authority: "nodes", issued: 3 });
  });
});
