import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Health } from "../../../protocol/messages.ts";
import { superviseWith } from "../../../server/daemon/supervision.ts";

const well: Health = { status: "ok", checks: [{ name: "ledger", ok: true }] };
const full: Health = {
  status: "not ready",
  checks: [
    { name: "signer", ok: true },
    { name: "ledger", ok: false, detail: "the disk is full" },
  ],
};

/** A keyserver whose readiness is `health.now`; gives all that systemd is told. */
function supervise(health: { now: Health | Promise<Health> }, beat?: number): string[] {
  const told: string[] = [];
  const stop = superviseWith({
    supervisor: { beat, tell: (...words) => Promise.resolve(void told.push(words.join("|"))) },
    readiness: () => Promise.resolve(health.now),
    log: { warn: () => undefined },
  });
  onTestFinished(stop);
  return told;
}

describe("systemd", () => {
  test("is told that keyserver is ready once it can sign", async () => {
    const told = supervise({ now: well });
    await expect.poll(() => told).toEqual(["READY=1|STATUS=ready to sign"]);
  });

  test("is told why it is not, once, and of readiness only when that is past", async () => {
    const health = { now: full };
    const told = supervise(health, 10);
    await sleep(1300);
    expect(told).toEqual(["STATUS=cannot sign: ledger: the disk is full"]);
    health.now = well;
    await expect.poll(() => told[1], { timeout: 3000 }).toBe("READY=1|STATUS=ready to sign");
  });

  test("hears on that it lives when a disk is full, and the reason once", async () => {
    const health = { now: well };
    const told = supervise(health, 10);
    await expect.poll(() => told).toContain("WATCHDOG=1");
    health.now = full;
    const reason = "WATCHDOG=1|STATUS=cannot sign: ledger: the disk is full";
    await expect.poll(() => told).toContain(reason);
    const from = told.length;
    await expect.poll(() => told.length).toBeGreaterThan(from + 2);
    expect(told.filter((words) => words === reason)).toHaveLength(1);
    expect(told.at(-1)).toBe("WATCHDOG=1");
  });

  test("hears nothing more while ledger or signer give no answer", async () => {
    const health: { now: Health | Promise<Health> } = { now: well };
    const told = supervise(health, 10);
    await expect.poll(() => told).toContain("WATCHDOG=1");
    health.now = new Promise(() => undefined);
    await sleep(50);
    const heard = told.length;
    await sleep(100);
    expect(told).toHaveLength(heard);
  });
});
