import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildPackages, dateOfLastCommit, type BuildOptions } from "./build.ts";
import { readManifest } from "./manifest.ts";

/** `npm run package`: Debian packages and the archive of the checkout, in dist/. */

const HELP = `Usage: npm run package [-- OPTION…]
Builds the Debian packages, and keyclient as an archive, into dist/.

  --verify        build a second time elsewhere, and compare every byte
  --test          play a machine's life with them on booted machines; needs root
  --out DIR       another folder than dist/
  --version V     another version than the one in package.json

SOURCE_DATE_EPOCH   seconds since 1970, for the files in them; the last commit's time when unset
`;

const OPTIONS = {
  verify: { type: "boolean", default: false },
  version: { type: "string" },
  out: { type: "string", default: "dist" },
  help: { type: "boolean", short: "h", default: false },
} as const;

const checkout = join(import.meta.dirname, "../..");
const say = (line: string): void => void process.stdout.write(`package: ${line}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const version = values.version ?? readManifest(checkout).version;
  // It begins names of files, and a package manager compares it (Debian Policy §5.6.12).
  if (!/^\d[0-9a-z.+~]*$/.test(version)) throw new Error(`not a version: ${version}`);
  const out = resolve(checkout, values.out);
  const options = { checkout, out, version, date: readDate(), say };
  const names = await buildPackages(options);
  for (const name of names) say(join(values.out, name));
  return values.verify ? verify(options, names) : 0;
}

function readDate(): number {
  const text = process.env["SOURCE_DATE_EPOCH"];
  if (text === undefined) return dateOfLastCommit(checkout);
  if (/^\d{1,11}$/.test(text)) return Number(text);
  throw new Error(`SOURCE_DATE_EPOCH is not a number of seconds: ${text}`);
}

/** Builds once more and compares; 5 when something differs. */
async function verify(options: BuildOptions, names: readonly string[]): Promise<number> {
  const again = mkdtempSync(join(tmpdir(), "keysystem-"));
  try {
    await buildPackages({ ...options, out: again });
    const read = (folder: string, name: string): Buffer => readFileSync(join(folder, name));
    const same = names.filter((name) => read(again, name).equals(read(options.out, name)));
    for (const name of names) say(`${same.includes(name) ? "✓ the same" : "✗ differs"}  ${name}`);
    return same.length === names.length ? 0 : 5;
  } finally {
    rmSync(again, { recursive: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`package: error: ${reason}\npackage: hint: npm run package -- --help\n`);
  process.exitCode = 1;
}
