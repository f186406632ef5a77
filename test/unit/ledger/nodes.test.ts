import { expect, test } from "vitest";
import { createTestLedger, issue, joinNode, NOW } from "./fixture.ts";

test("a node that never joined is unknown and has no state to set", async () => {
  const { ledger } = createTestLedger();
  expect(await ledger.findNode("w3")).toBeUndefined();
  expect(await ledger.listNodes()).toEqual([]);
  await expect(ledger.setNodeState("w3", "suspended", "root", NOW)).rejects.toMatchObject({
    code: "ledger.conflict",
  });
});

test("the newest used identity moves forward in the order of issue and never back", async () => {
  const { ledger } = createTestLedger();
  const joined = await joinNode(ledger, "w3");
  const second = await issue(ledger, {}, { identityOf: "w3" });
  const third = await issue(ledger, {}, { identityOf: "w3" });
  const confirmed = async (): Promise<string | undefined> =>
    (await ledger.findNode("w3"))?.confirmed;

  expect(await confirmed()).toBe(joined.serial);
  expect(await ledger.confirmIdentity("w3", joined.serial, NOW)).toBe("newest");
  expect(await ledger.confirmIdentity("w3", third.serial, NOW + 1)).toBe("newest");
  expect(await ledger.confirmIdentity("w3", second.serial, NOW + 2)).toBe("superseded");
  expect(await ledger.confirmIdentity("w3", joined.serial, NOW + 3)).toBe("superseded");
  expect(await ledger.findNode("w3")).toMatchObject({
    confirmed: third.serial,
    confirmedAt: NOW + 1,
  });
});

test("two identities that are used at once leave the newer one", async () => {
  const { ledger } = createTestLedger();
  await joinNode(ledger, "w3");
  const second = await issue(ledger, {}, { identityOf: "w3" });
  const third = await issue(ledger, {}, { identityOf: "w3" });
  const answers = await Promise.all(
    [third, second].map(({ serial }) => ledger.confirmIdentity("w3", serial, NOW)),
  );
  expect(answers).toEqual(["newest", "superseded"]);
  expect((await ledger.findNode("w3"))?.confirmed).toBe(third.serial);
});

test("only identity certificates of the node itself confirm it", async () => {
  const { ledger } = createTestLedger();
  const { serial } = await joinNode(ledger, "w3");
  const leaf = await issue(ledger, { authority: "etcd" });
  const other = await joinNode(ledger, "w4");
  for (const foreign of [leaf.serial, other.serial, "ab".repeat(20)]) {
    expect(await ledger.confirmIdentity("w3", foreign, NOW)).toBe("unknown");
  }
  expect(await ledger.confirmIdentity("w5", serial, NOW)).toBe("unknown");
  expect((await ledger.findNode("w3"))?.confirmed).toBe(serial);
});

test.for([
  { state: "active", after: "active" },
  { state: "removed", after: "active" },
  { state: "suspended", after: "suspended" },
] as const)("a $state node that joins again is $after", async ({ state, after }) => {
  const { ledger } = createTestLedger();
  const old = await joinNode(ledger, "w3");
  await ledger.setNodeState("w3", state, "root", NOW);
  expect((await ledger.findNode("w3"))?.state).toBe(state);
  const fresh = await joinNode(ledger, "w3", "22".repeat(32));
  expect(await ledger.findNode("w3")).toMatchObject({ state: after, confirmed: fresh.serial });
  expect(await ledger.confirmIdentity("w3", old.serial, NOW)).toBe("superseded");
});

test("a node comes back with so many identities since it joined, and with each as often as it asks", async () => {
  const { ledger } = createTestLedger();
  const { serial: first } = await joinNode(ledger, "w3");
  const { serial: second } = await issue(ledger, {}, { identityOf: "w3" });
  const { serial: third } = await issue(ledger, {}, { identityOf: "w3" });
  const back = (serial: string, times = 2): Promise<boolean> =>
    ledger.noteRecovery({ node: "w3", serial, at: NOW, from: "10.0.0.3", times });
  const { size } = await ledger.checkpoint();
  expect([await back(first), await back(first), await back(second)]).toEqual([true, true, true]);
  expect([await back(third), await back(first), await back(second)]).toEqual([false, true, true]);
  expect([await back(third, 3), await back(third, 1)]).toEqual([true, true]);
  // Once for each identity it is in the log.
  expect((await ledger.checkpoint()).size).toBe(size + 3);
  const { serial: fresh } = await joinNode(ledger, "w3", "22".repeat(32));
  expect(await back(fresh, 1)).toBe(true);
  await joinNode(ledger, "w4", "33".repeat(32));
  expect(await back(first, 1)).toBe(false);
});
