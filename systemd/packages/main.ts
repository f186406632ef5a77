import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildPackages, dateOfLastCommit } from "./build.ts";
import { readManifest } from "./manifest.ts";

/** `npm run package`: Debian packages of the checkout, in dist/. */

const checkout = join(import.meta.dirname, "../..");

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { version: { type: "string" }, out: { type: "string", default: "dist" } },
  });
  const version = values.version ?? readManifest(checkout).version;
  const date = Number(process.env["SOURCE_DATE_EPOCH"] ?? dateOfLastCommit(checkout));
  const out = join(checkout, values.out);
  const say = (line: string): void => void process.stdout.write(`package: ${line}\n`);
  const names = await buildPackages({ checkout, out, version, date, say });
  for (const name of names) say(join(values.out, name));
}

await main();
