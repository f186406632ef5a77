import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CHECKOUT } from "./harness/source-tree.ts";

/**
 * `npm run proofs [-- --share N]`: what `npm test` looks at on a sample of random policies, on very many
 * and new ones each time. What fails is printed with the seed that makes it again.
 */

const EFFECTS = "test/unit/policy/effects";

/** Policies or edits of each, and what is claimed of them. */
const PROOFS = [
  {
    file: "plain-evaluator.test.ts",
    runs: 50_000,
    says: "policies, 20 requests to each: decide answers as a second reading of the text does",
  },
  {
    file: "diff-properties.test.ts",
    runs: 6000,
    says: "edits: a diff is empty exactly when nothing changes, and knows everybody who is concerned",
  },
  {
    file: "access-properties.test.ts",
    runs: 6000,
    says: "edits: access changes exactly when a diff says anything but tests",
  },
] as const;

/** With fewer the properties would look at too few that matter. */
const LEAST = 1500;

/** A share of the whole, for a shorter look: `--share 0.1`. */
function readShare(): number {
  const { values } = parseArgs({ options: { share: { type: "string", default: "1" } } });
  const share = Number(values.share);
  if (share > 0) return share;
  throw new TypeError(`--share ${values.share} is not a number over 0`);
}

function runVitest(file: string, runs: number): Promise<number> {
  const vitest = join(CHECKOUT, "node_modules/vitest/vitest.mjs");
  const child = spawn(process.execPath, [vitest, "run", `${EFFECTS}/${file}`], {
    cwd: CHECKOUT,
    env: { ...process.env, POLICY_RUNS: String(runs) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

async function main(share: number): Promise<void> {
  for (const { file, runs, says } of PROOFS) {
    const count = Math.max(LEAST, Math.round(runs * share));
    const start = performance.now();
    const code = await runVitest(file, count);
    const seconds = Math.round((performance.now() - start) / 1000);
    const verdict = code === 0 ? "holds" : "FAILS";
    process.stdout.write(`${verdict}: ${count} ${says} (${seconds} s)\n`);
    if (code !== 0) process.exitCode = 1;
  }
}

try {
  await main(readShare());
} catch (error) {
  process.stderr.write(
    `proofs: error: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.stderr.write("proofs: hint: npm run proofs -- --share 0.1\n");
  process.exitCode = 2;
}
