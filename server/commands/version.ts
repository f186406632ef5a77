import { readFileSync } from "node:fs";
import type { Command } from "commander";

/** `keyserver version`. */
export function versionCommand(program: Command): void {
  program
    .command("version")
    .description("print the version")
    .action(() => {
      const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
      const [, version] = /"version": "([^"]+)"/.exec(text) ?? [];
      process.stdout.write(`keyserver ${version ?? "unknown"}\n`);
    });
}
