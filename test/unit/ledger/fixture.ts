import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { checkLedger } from "../../../server/ledger/check.ts";
import type { IssuedRecord, Intent, Ledger, Token } from "../../../server/ledger/ledger.ts";
import { createSerials } from "../../../server/ledger/serial.ts";
import { openLedger } from "../../../server/ledger/sqlite.ts";

/** A moment in 2026, for tests that need none in particular. */
export const NOW = 1_790_000_000;
export const DAY = 86_400;

export const serials = createSerials({ now: () => NOW, randomBytes });

/** A folder that is gone after the test. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ledger-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty ledger, which must still be sound when the test is over. */
export function createTestLedger(now: () => number = () => NOW): { ledger: Ledger; file: string } {
  const file = join(createFolder(), "ledger.db");
  const ledger = openLedger({ file, create: true, now });
  onTestFinished(async () => {
    await ledger.close();
    expect(checkLedger(file)).toEqual([]);
  });
  return { ledger, file };
}

export const intentOf = (part: Partial<Intent> = {}): Intent => ({
  authority: "nodes",
  serial: serials.tls(),
  grant: "node-identity",
  subject: "node:w3",
  key: "ab".repeat(32),
  policy: "4c1e9a",
  at: NOW,
  ...part,
});

export const recordOf = (
  { authority, serial, at }: Intent,
  part: Partial<IssuedRecord> = {},
): IssuedRecord => ({
  authority,
  serial,
  notBefore: at,
  notAfter: at + DAY,
  certificate: randomBytes(64),
  at,
  ...part,
});

/** Intends and records one certificate. */
export async function issue(
  ledger: Ledger,
  part: Partial<Intent> = {},
  record: Partial<IssuedRecord> = {},
): Promise<Intent> {
  const intent = intentOf(part);
  await ledger.intend([intent]);
  await ledger.record([recordOf(intent, record)]);
  return intent;
}

export type NewToken = Parameters<Ledger["addToken"]>[0];

export const tokenOf = (part: Partial<Token> = {}): NewToken => ({
  id: randomBytes(4).toString("hex"),
  secretHash: randomBytes(32).toString("hex"),
  node: "w3",
  createdAt: NOW,
  expiresAt: NOW + DAY,
  createdBy: "root",
  ...part,
});

/** Adds a token and joins its node with it: gives the identity's intent. */
export async function joinNode(
  ledger: Ledger,
  node: string,
  key = "11".repeat(32),
): Promise<Intent> {
  const token = tokenOf({ node });
  const intent = intentOf({ subject: `node:${node}`, key });
  await ledger.addToken(token, "root");
  expect(await ledger.intendJoin(token.id, key, intent)).toBe("bound");
  await ledger.record([recordOf(intent, { join: { tokenId: token.id, node }, identityOf: node })]);
  return intent;
}
