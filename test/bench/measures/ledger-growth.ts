import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ledger } from "../../../server/ledger/ledger.ts";
import { createSerials } from "../../../server/ledger/serial.ts";
import { openLedger } from "../../../server/ledger/sqlite.ts";
import type { Measure } from "../measure.ts";

/** Certificates of each of the two timed parts. */
const TIMED = 40_000;
/** Requests that are under way at once, and certificates of each. */
const CALLERS = 8;
const BATCH = 8;

/**
 * `ledger.growth`: certificates a second, intent and record synced, when the ledger is full and when
 * it is empty; `ledger.bytes`: what each takes on disk, everything included.
 */
export const ledgerGrowth: Measure = {
  names: ["ledger.growth", "ledger.bytes"],
  async run({ growth }) {
    const folder = mkdtempSync(join(tmpdir(), "keysystem-ledger-"));
    try {
      await withLedger(join(folder, "warm.db"), (fill) => fill(TIMED));
      const speeds = await withLedger(join(folder, "ledger.db"), async (fill) => {
        const empty = await fill(TIMED);
        await fill(growth - 2 * TIMED);
        return { empty, full: await fill(TIMED) };
      });
      const size = sizeOf(folder, "ledger.db");
      const of = `${Math.round(speeds.empty)} certificates/s when empty`;
      const ratio = speeds.full / speeds.empty;
      const detail = `at ${growth} certificates`;
      return {
        "ledger.growth": { value: speeds.full, unit: "certificates/s", ratio, of, detail },
        "ledger.bytes": { value: size / growth, unit: "bytes/certificate", detail },
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Adds so many certificates and gives how many a second. */
type Fill = (count: number) => Promise<number>;

async function withLedger<T>(file: string, work: (fill: Fill) => Promise<T>): Promise<T> {
  const clock = createClock();
  const ledger = openLedger({ file, create: true, now: clock });
  const serials = createSerials({ now: clock, randomBytes });
  const fill: Fill = async (count) => {
    const start = performance.now();
    const rounds = Math.ceil(count / (CALLERS * BATCH));
    const call = async (): Promise<void> => {
      for (let round = 0; round < rounds; round += 1)
        await issueBatch(ledger, serials.tls, clock());
    };
    await Promise.all(Array.from({ length: CALLERS }, call));
    return (rounds * CALLERS * BATCH * 1000) / (performance.now() - start);
  };
  try {
    return await work(fill);
  } finally {
    await ledger.close();
  }
}

/** A clock of its own: it goes on by a second for every few thousand certificates, like a busy server's. */
function createClock(): () => number {
  const PER_SECOND = 5000;
  let readings = 0;
  return () => {
    readings += 1;
    return 1_800_000_000 + Math.floor(readings / PER_SECOND);
  };
}

const NODES = 200;
const CERTIFICATE_BYTES = 550;

async function issueBatch(ledger: Ledger, serial: () => string, at: number): Promise<void> {
  const serials = Array.from({ length: BATCH }, serial);
  const intents = serials.map((serial) => ({
    authority: "kubernetes",
    serial,
    grant: "kubelet",
    subject: `node:w${Number.parseInt(serial.slice(-6), 16) % NODES}`,
    key: randomBytes(32).toString("hex"),
    policy: "5f".repeat(32),
    at,
    from: "10.18.60.23",
  }));
  await ledger.intend(intents);
  const records = serials.map((serial) => ({
    authority: "kubernetes",
    serial,
    notBefore: at - 300,
    notAfter: at + 30 * 86_400,
    certificate: randomBytes(CERTIFICATE_BYTES),
    at,
  }));
  await ledger.record(records);
}

const sizeOf = (folder: string, prefix: string): number =>
  readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
