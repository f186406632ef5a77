import { spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { checkLedger } from "../../../server/ledger/check.ts";
import { createLedger } from "../../../server/ledger/ledger-file.ts";
import { openLedger } from "../../../server/ledger/sqlite.ts";
import { createFolder, NOW } from "./fixture.ts";

const WRITER = join(import.meta.dirname, "writer.ts");
const ROUNDS = 20;

const hasStrace = spawnSync("strace", ["-V"]).status === 0;
const straceTest = hasStrace ? test : test.skip;
const HINT = hasStrace ? "" : " (skipped: install strace)";

function createFile(): string {
  const file = join(createFolder(), "ledger.db");
  createLedger(file);
  return file;
}

/** Runs the writer to its end under strace and gives what it printed and what strace saw. */
function trace(
  file: string,
  options: readonly string[],
): { lines: readonly string[]; calls: string } {
  const output = `${file}.strace`;
  const { stdout } = spawnSync(
    "strace",
    ["-f", "-o", output, ...options, process.execPath, WRITER, file, String(ROUNDS)],
    { encoding: "utf8" },
  );
  const calls = spawnSync("cat", [output], { encoding: "utf8" }).stdout;
  return { lines: stdout.trim().split("\n"), calls };
}

const isSerial = (line: string): boolean => /^[0-9a-f]{40}$/.test(line);

function issuedSerials(file: string): ReadonlySet<string> {
  const db = new Database(file, { readonly: true });
  const query = "SELECT lower(hex(serial)) FROM intents JOIN certificates ON intent = seq";
  const serials = db.prepare<[], string>(query).pluck().all();
  db.close();
  return new Set(serials);
}

describe(`syncs${HINT}`, () => {
  straceTest("come before every acknowledgement, and many writes share one", () => {
    const file = createFile();
    const { lines, calls } = trace(file, ["-e", "trace=fsync,fdatasync,write"]);
    expect(lines.filter(isSerial)).toHaveLength(8 * ROUNDS);

    // Each round syncs its intents and its records before it prints; and its two requests share both.
    const events = calls.match(/\bf(?:data)?sync\(|\bwrite\(1, "[0-9a-f]/g) ?? [];
    const shape = events.map((event) => (event.startsWith("write") ? "w" : "s")).join("");
    const rounds = shape.match(/s+w{8}/g) ?? [];
    expect(rounds).toHaveLength(ROUNDS);
    for (const round of rounds) expect(round).toMatch(/ss+w{8}$/);
    expect(rounds.join("").replaceAll("w", "").length).toBeLessThan(3 * ROUNDS);
  });

  straceTest("that fail end all writing until the ledger is opened again", () => {
    const file = createFile();
    const inject = "inject=fsync,fdatasync:error=EIO:when=12+";
    const { lines } = trace(file, ["-e", "trace=fsync,fdatasync", "-e", inject]);
    const failed = lines.indexOf("failed");
    expect(failed).toBeGreaterThan(0);
    expect(lines.slice(failed).filter(isSerial)).toEqual([]);
    expectAcknowledged(file, lines);
  });

  straceTest("that fail once are not tried again as if nothing had been", () => {
    const file = createFile();
    const inject = "inject=fsync,fdatasync:error=EIO:when=12";
    const { lines } = trace(file, ["-e", "trace=fsync,fdatasync", "-e", inject]);
    expect(lines.filter((line) => line === "failed").length).toBeGreaterThan(5);
    expect(lines.slice(lines.indexOf("failed")).filter(isSerial)).toEqual([]);
    expectAcknowledged(file, lines);
  });
});

describe(`a file system that refuses writes for a while${HINT}`, () => {
  straceTest.for(["EROFS", "ENOSPC", "EIO"])(
    "with %s is written again when it takes them",
    (error) => {
      const file = createFile();
      const inject = `inject=pwrite64:error=${error}:when=60..75`;
      const { lines } = trace(file, ["-e", "trace=pwrite64", "-e", inject]);
      const failed = lines.indexOf("failed");
      expect(failed).toBeGreaterThan(0);
      expect(lines.slice(0, failed).filter(isSerial)).not.toEqual([]);
      expect(lines.slice(lines.lastIndexOf("failed")).filter(isSerial)).not.toEqual([]);
      expectAcknowledged(file, lines);
    },
  );
});

/** All that was acknowledged is there, and what the end of the process left open is closed at the next start. */
function expectAcknowledged(file: string, lines: readonly string[]): void {
  expect(checkLedger(file)).toEqual([]);
  void openLedger({ file, now: () => NOW }).close();
  expect(checkLedger(file)).toEqual([]);
  const stored = issuedSerials(file);
  expect(lines.filter((line) => isSerial(line) && !stored.has(line))).toEqual([]);
}

describe("a writer that is killed", () => {
  test("at twenty moments has everything that it acknowledged", async () => {
    const file = createFile();
    let acknowledged = 0;
    for (let run = 0; run < 20; run++) {
      const lines = await killWriter(file, randomInt(0, 60));
      acknowledged += lines.filter(isSerial).length;
      expectAcknowledged(file, lines);
    }
    expect(acknowledged).toBeGreaterThan(100);
  });

  straceTest.for(["pwrite64", "fdatasync", "ftruncate"])(
    "at its calls of %s has everything that it acknowledged",
    (call) => {
      const file = createFile();
      for (const when of [1, 2, 3, 5, 8, 13, 21]) {
        const inject = `inject=${call}:signal=KILL:when=${when}`;
        const { lines } = trace(file, ["-e", `trace=${call}`, "-e", inject]);
        expectAcknowledged(file, lines);
      }
    },
  );
});

/** Kills the writer some milliseconds after it is ready, and gives the whole lines that it printed. */
async function killWriter(file: string, after: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [WRITER, file, "100000"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8");
  const ready = Promise.withResolvers<void>();
  child.stdout.on("data", (chunk: string) => {
    text += chunk;
    if (text.includes("ready")) ready.resolve();
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  await ready.promise;
  await setTimeout(after);
  child.kill("SIGKILL");
  await ended;
  return text.split("\n").slice(0, -1);
}
