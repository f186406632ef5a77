import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { createSerials } from "../../../server/ledger/serial.ts";
import { openLedger } from "../../../server/ledger/sqlite.ts";

/**
 * A process that issues, for tests that count its syscalls or end it: `writer.ts FILE ROUNDS`.
 *
 * Each round is eight certificates in two requests at once. Prints the serial of each certificate when
 * its record is acknowledged and never before; `failed` when a write was refused.
 */
const [file = "", rounds = "1"] = process.argv.slice(2);
const now = (): number => 1_790_000_000;
const ledger = openLedger({ file, now });
const serials = createSerials({ now, randomBytes });
const print = (line: string): void => void writeSync(1, `${line}\n`);

async function issue(): Promise<void> {
  const intents = Array.from({ length: 4 }, () => ({
    authority: "nodes",
    serial: serials.tls(),
    grant: "node-identity",
    subject: "node:w3",
    key: "ab".repeat(32),
    policy: "4c1e9a",
    at: now(),
  }));
  await ledger.intend(intents);
  const certificate = randomBytes(550);
  const times = { notBefore: now(), notAfter: now() + 86_400, at: now() };
  await ledger.record(
    intents.map(({ authority, serial }) => ({ authority, serial, certificate, ...times })),
  );
  for (const { serial } of intents) print(serial);
}

print("ready");
for (let round = 0; round < Number(rounds); round++) {
  const outcomes = await Promise.allSettled([issue(), issue()]);
  if (outcomes.some(({ status }) => status === "rejected")) print("failed");
}
await ledger.close();
