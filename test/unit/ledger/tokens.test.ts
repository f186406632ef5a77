import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Ledger } from "../../../server/ledger/ledger.ts";
import {
  createTestLedger,
  DAY,
  intentOf,
  type NewToken,
  NOW,
  recordOf,
  tokenOf,
} from "./fixture.ts";

const KEY = "11".repeat(32);
const OTHER = "22".repeat(32);

async function createToken(): Promise<{ ledger: Ledger; file: string; token: NewToken }> {
  const { ledger, file } = createTestLedger();
  const token = tokenOf();
  await ledger.addToken(token, "root");
  return { ledger, file, token };
}

describe("a token", () => {
  test("is open, then bound, then spent for a certificate that its key finds again", async () => {
    const { ledger, token } = await createToken();
    expect(await ledger.findToken(token.secretHash)).toEqual({ ...token, state: "open" });

    const intent = intentOf({ key: KEY });
    expect(await ledger.intendJoin(token.id, KEY, intent)).toBe("bound");
    const bound = { ...token, boundTo: KEY };
    expect(await ledger.findToken(token.secretHash)).toEqual({ ...bound, state: "bound" });

    const join = { tokenId: token.id, node: "w3" };
    await ledger.record([recordOf(intent, { join, identityOf: "w3" })]);
    const spent = { ...bound, state: "spent", serial: intent.serial };
    expect(await ledger.findToken(token.secretHash)).toEqual(spent);
    expect(await ledger.listTokens()).toEqual([spent]);
    expect(await ledger.findNode("w3")).toMatchObject({
      state: "active",
      confirmed: intent.serial,
    });
    expect(await ledger.intendJoin(token.id, KEY, intentOf())).toBe("spent");
  });

  test("that is bound is its key's again, and no other's", async () => {
    const { ledger, token } = await createToken();
    expect(await ledger.intendJoin(token.id, KEY, intentOf())).toBe("bound");
    const foreign = intentOf();
    expect(await ledger.intendJoin(token.id, OTHER, foreign)).toBe("spent");
    expect(await ledger.findCertificate(foreign.serial)).toBeUndefined();
    expect(await ledger.intendJoin(token.id, KEY, intentOf())).toBe("bound");
  });

  test("is spent once, though two certificates were signed for its key", async () => {
    const { ledger, token } = await createToken();
    const intents = [intentOf(), intentOf()];
    for (const intent of intents) await ledger.intendJoin(token.id, KEY, intent);
    const join = { tokenId: token.id, node: "w3" };
    const records = intents.map((intent) => recordOf(intent, { join, identityOf: "w3" }));
    const outcomes = await Promise.allSettled(records.map((record) => ledger.record([record])));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((await ledger.findCertificate(intents[1]?.serial ?? ""))?.state).toBe("intended");
  });

  test("goes to exactly one of a hundred keys that come at once", async () => {
    const { ledger } = createTestLedger();
    for (let round = 0; round < 5; round++) {
      const token = tokenOf();
      await ledger.addToken(token, "root");
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => {
          const key = randomBytes(32).toString("hex");
          return ledger.intendJoin(token.id, key, intentOf({ key }));
        }),
      );
      expect(answers.filter((answer) => answer === "bound")).toHaveLength(1);
      expect(answers.indexOf("bound")).toBe(0);
    }
    expect(await ledger.listCertificates({ at: NOW, limit: 1000 })).toHaveLength(5);
  });

  test("binds nobody when the intent cannot be committed", async () => {
    const { ledger, token } = await createToken();
    const taken = intentOf();
    await ledger.intend([taken]);
    await expect(ledger.intendJoin(token.id, KEY, taken)).rejects.toThrow(/has used serial/);
    expect((await ledger.findToken(token.secretHash))?.state).toBe("open");
  });

  test.for([
    { at: NOW + DAY - 1, want: "bound" },
    { at: NOW + DAY, want: "spent" },
    { at: NOW + DAY + 1, want: "spent" },
  ])("that ends at a day is $want at $at", async ({ at, want }) => {
    const { ledger, token } = await createToken();
    expect(await ledger.intendJoin(token.id, KEY, intentOf({ at }))).toBe(want);
  });

  test("that is bound may not be used after its end either", async () => {
    const { ledger, token } = await createToken();
    await ledger.intendJoin(token.id, KEY, intentOf());
    expect(await ledger.intendJoin(token.id, KEY, intentOf({ at: NOW + DAY }))).toBe("spent");
  });

  test("can be revoked while it is open or bound, and then neither bound nor spent", async () => {
    const { ledger, token } = await createToken();
    const intent = intentOf();
    await ledger.intendJoin(token.id, KEY, intent);
    expect(await ledger.revokeToken(token.id, "root", NOW)).toBe(true);
    expect(await ledger.revokeToken(token.id, "root", NOW)).toBe(false);
    expect(await ledger.revokeToken("unknown", "root", NOW)).toBe(false);
    expect((await ledger.findToken(token.secretHash))?.state).toBe("revoked");
    expect(await ledger.intendJoin(token.id, KEY, intentOf())).toBe("spent");
    const join = { tokenId: token.id, node: "w3" };
    const record = recordOf(intent, { join, identityOf: "w3" });
    await expect(ledger.record([record])).rejects.toMatchObject({ code: "ledger.conflict" });
    expect(await ledger.findNode("w3")).toBeUndefined();
  });

  test("is added once", async () => {
    const { ledger, token } = await createToken();
    const { secretHash } = token;
    for (const again of [token, tokenOf({ secretHash }), tokenOf({ id: token.id })]) {
      await expect(ledger.addToken(again, "root")).rejects.toMatchObject({
        code: "ledger.conflict",
      });
    }
  });
});

test("secrets that nobody gave out write nothing", async () => {
  const { ledger, file } = await createToken();
  const sizes = (): readonly number[] =>
    ["", "-wal"].map((suffix) => statSync(file + suffix).size + statSync(file + suffix).mtimeMs);
  const before = sizes();
  for (let n = 0; n < 2000; n++) {
    expect(await ledger.findToken(randomBytes(32).toString("hex"))).toBeUndefined();
  }
  for (const text of ["", "zz", "'; DROP TABLE tokens; --", "00".repeat(1000)]) {
    expect(await ledger.findToken(text)).toBeUndefined();
  }
  expect(sizes()).toEqual(before);
});
