import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countTests, type Counts } from "./harness/test-report.ts";

/** `npm test`: runs vitest over everything and ends with `N passed, N failed`, counted from what really ran. */
async function main(filters: readonly string[]): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), "keysystem-test-"));
  const report = join(folder, "report.json");
  try {
    const code = await runVitest(report, filters);
    return countTests(await readFile(report, "utf8").catch(() => ""), code);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runVitest(report: string, filters: readonly string[]): Promise<number> {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const vitest = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs");
  const child = spawn(process.execPath, [vitest, "run", ...reporters, ...filters], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

const { passed, failed, notes } = await main(process.argv.slice(2));
process.stdout.write(notes.map((note) => `${note}\n`).join(""));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
