import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Cluster } from "./harness/cluster.ts";
import { makeAuthority, walk } from "./quickstart/road.ts";
import { createStep, StepError } from "./quickstart/step.ts";

/** `npm run quickstart`: the whole road on this machine, in a temporary folder of its own. */
async function main(keep: boolean): Promise<void> {
  const start = performance.now();
  const step = createStep((text) => void process.stdout.write(text));
  const cluster = await makeAuthority(step);
  const interrupt = (): void => {
    void cluster.dispose().finally(() => process.exit(130));
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    await walk(cluster, step);
  } catch (error) {
    process.stderr.write(lastWords(cluster));
    await cluster.dispose();
    throw error;
  }
  if (keep) leaveRunning(cluster);
  else await cluster.dispose();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(
    `ok: joined, certified by openssl and ssh-keygen, renewed and refused in ${seconds} s\n`,
  );
}

/** The end of keyserver's log, which goes with the folder. */
function lastWords(cluster: Cluster): string {
  const log = join(cluster.folder, "keyserver.log");
  const lines = existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n").slice(-5) : [];
  return lines.map((line) => `keyserver.log: ${line}\n`).join("");
}

function leaveRunning(cluster: Cluster): void {
  const daemon = cluster.current();
  daemon.release();
  const tries = [
    `npx keyserver status --root ${cluster.root}`,
    `npx keyserver node list --root ${cluster.root}`,
    `npx keyclient status --root ${cluster.nodeRoot("m1")}`,
    `less ${join(cluster.root, "etc/keysystem/policy.yaml")}`,
    `kill ${daemon.pid} && rm -r ${cluster.folder}     # when done`,
  ];
  process.stdout.write(`Still running. Try next:\n${tries.map((line) => `  ${line}\n`).join("")}`);
}

try {
  const { values } = parseArgs({ options: { keep: { type: "boolean", default: false } } });
  await main(values.keep);
  process.exit(0);
} catch (error) {
  const [step, hint] =
    error instanceof StepError
      ? [error.step, error.hint]
      : ["arguments", "npm run quickstart [-- --keep]"];
  const cause = error instanceof Error ? error.message : String(error);
  process.stderr.write(`quickstart: error: ${step}: ${cause}\nquickstart: hint: ${hint}\n`);
  process.exit(1);
}
