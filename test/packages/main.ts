import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "../harness/source-tree.ts";

/**
 * `npm run package -- --test`: builds the packages, and an upgrade of them, and plays a machine's life with both on
 * booted machines. Needs root, and what `npm run cluster` needs.
 */
async function main(): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error("it boots machines, which only root may");
  const home = process.env["KEYSYSTEM_CLUSTER"] ?? "/var/tmp/keysystem-cluster";
  const folder = join(home, `packages-${process.pid}`);
  const packages = join(folder, "packages");
  mkdirSync(packages, { recursive: true });
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
  try {
    const build = [process.execPath, join(CHECKOUT, "systemd/packages/main.ts")];
    await runHere([...build, "--out", packages], home);
    await runHere([...build, "--out", join(packages, "next"), "--version", NEXT], home);
    const image = join(CHECKOUT, "test/cluster/image.sh");
    await runHere(["unshare", ...PRIVATE_MOUNTS, "sh", image, "base"], home);
    const play = [process.execPath, join(import.meta.dirname, "play.ts"), folder, home];
    const tied = ["setpriv", "--pdeathsig", "TERM", "unshare", ...PRIVATE_MOUNTS, "--net", ...play];
    await runHere(tied, home);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Newer than any version of this checkout. */
const NEXT = "99.0.0";

const PRIVATE_MOUNTS = ["--mount", "--propagation", "private"] as const;

class Ended extends Error {}

async function runHere([file = "", ...args]: readonly string[], home: string): Promise<void> {
  const env = { ...process.env, KEYSYSTEM_CLUSTER: home };
  const child = spawn(file, args, { stdio: "inherit", env });
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (exit) => resolve(exit ?? 1));
  });
  if (code !== 0) throw new Ended(`${file} ended with ${code}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  // What ended has said why.
  if (!(error instanceof Ended)) process.stderr.write(`package: error: ${String(error)}\n`);
  process.exitCode = 1;
}
