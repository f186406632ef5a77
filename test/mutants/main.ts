import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHECKOUT } from "../harness/source-tree.ts";

const LEFT_BEHIND: ReadonlySet<string> = new Set(
  ["node_modules", ".git", "dist"].map((name) => join(CHECKOUT, name)),
);

/** `npm run mutants`: what `run.ts` does, in a copy of the checkout that nobody edits meanwhile. */
async function main(args: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "keysystem-mutants-"));
  try {
    copyCheckout(folder);
    const child = spawn(process.execPath, [join(folder, "test/mutants/run.ts"), ...args], {
      stdio: "inherit",
    });
    // Ctrl-C ends the child too; the copy has to go after it.
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.on(signal, () => void child.kill(signal));
    const [code]: unknown[] = await once(child, "exit");
    return typeof code === "number" ? code : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copyCheckout(folder: string): void {
  cpSync(CHECKOUT, folder, { recursive: true, filter: (path) => !LEFT_BEHIND.has(path) });
  symlinkSync(join(CHECKOUT, "node_modules"), join(folder, "node_modules"));
}

process.exitCode = await main(process.argv.slice(2));
