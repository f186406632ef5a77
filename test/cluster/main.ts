import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CHECKOUT } from "../harness/source-tree.ts";
import { groupOf, endControlGroups } from "./control-group.ts";
import { formatListing } from "./listing.ts";
import { PARTS } from "./parts.ts";
import { MACHINES } from "./site.ts";
import type { Part } from "./stage.ts";
import { choose } from "./story.ts";

const HELP = `Usage: npm run cluster [-- OPTION…]
Boots a small cluster of Debian machines, installs our packages and plays a story on it. Needs root.

  --only PART      this part and those that it needs; may be given more than once
  --packages DIR   instead of dist/
  --keep           leave the machines on until Ctrl-C, to look around
  --list           the parts and their steps

KEYSYSTEM_CLUSTER      folder of images, disks and logs; /var/tmp/keysystem-cluster when unset
KEYSYSTEM_KUBERNETES   folder of Kubernetes' programs, as test/cluster/build-kubernetes.sh makes it
`;

const OPTIONS = {
  only: { type: "string", multiple: true },
  packages: { type: "string" },
  keep: { type: "boolean" },
  list: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const { only = [], keep = false, list = false, help = false } = values;
  if (help) return say(HELP);
  const parts = choose(PARTS, only);
  if (list) return say(formatListing(parts));
  if (process.getuid?.() !== 0) throw new RangeError("it boots machines, which only root may");

  const packages = resolve(values.packages ?? join(CHECKOUT, "dist"));
  checkPackages(parts, packages);
  const home = process.env["KEYSYSTEM_CLUSTER"] ?? "/var/tmp/keysystem-cluster";
  mkdirSync(home, { recursive: true });
  await removeLeftovers(home);
  // The far end of a Ctrl-C is play.ts, which ends its machines; this one waits for it.
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
  const images = listImages(parts);
  for (const image of images) {
    const code = await runHere("unshare", [...PRIVATE_MOUNTS, "sh", at("image.sh"), image], home);
    if (code !== 0) throw new Error(`image ${image} could not be built, see ${home}/${image}.log`);
  }
  const folder = join(home, `run-${process.pid}`);
  const logs = join(home, "logs", new Date().toISOString().slice(0, 19).replaceAll(":", ""));
  for (const each of [folder, logs]) mkdirSync(each, { recursive: true });
  const chosen = only.flatMap((name) => ["--only", name]);
  const places = ["--folder", folder, "--logs", logs, "--images", home, "--packages", packages];
  const play = [process.execPath, at("play.ts"), ...places, ...chosen, ...(keep ? ["--keep"] : [])];
  try {
    // Were this process killed, play.ts would be told to end.
    const tied = ["--pdeathsig", "TERM", "unshare", ...PRIVATE_MOUNTS, "--net", ...play];
    return await runHere("flock", [...holdImages(images, home), "setpriv", ...tied], home);
  } finally {
    await removeRun(folder);
  }
}

const PRIVATE_MOUNTS = ["--mount", "--propagation", "private"] as const;

const at = (file: string): string => join(import.meta.dirname, file);

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** Before anything is booted. @throws RangeError with what to do as its cause */
function checkPackages(parts: readonly Part[], folder: string): void {
  if (!parts.some(({ name }) => name === "install")) return;
  const found = existsSync(folder) ? readdirSync(folder) : [];
  if (found.some((name) => name.endsWith(".deb"))) return;
  throw new RangeError(`there are no packages in ${folder}`, { cause: "npm run package" });
}

/** The images that the machines of these parts start from. */
function listImages(parts: readonly Part[]): readonly string[] {
  const names = new Set(parts.flatMap(({ machines }) => machines));
  const used = MACHINES.filter(({ name }) => names.has(name)).flatMap(({ images }) => images);
  return [...new Set(used)];
}

/** Arguments of flock that keep images as they are while somebody runs on them. */
const holdImages = (images: readonly string[], home: string): readonly string[] =>
  images
    .flatMap((image) => ["flock", "--shared", "--no-fork", join(home, `${image}.lock`)])
    .slice(1);

/** What is left of a run. Its machines have ended with it, unless it was killed. */
async function removeRun(folder: string): Promise<void> {
  for (const { name } of MACHINES) await endControlGroups(groupOf(folder, name));
  rmSync(folder, { recursive: true, force: true });
}

/** Runs that were killed before they could end their machines and take their disks away. */
async function removeLeftovers(home: string): Promise<void> {
  for (const name of readdirSync(home)) {
    const [, pid] = /^run-(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await removeRun(join(home, name));
  }
}

function runHere(file: string, args: readonly string[], home: string): Promise<number> {
  const env = { ...process.env, KEYSYSTEM_CLUSTER: home };
  const child = spawn(file, args, { stdio: "inherit", env });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error ? error.cause : undefined;
  const hint = typeof cause === "string" ? cause : "npm run cluster -- --help";
  process.stderr.write(`cluster: error: ${reason}\ncluster: hint: ${hint}\n`);
  process.exitCode = 2;
}
