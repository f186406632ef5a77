import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { WithContext } from "./context.ts";

/** The version in package.json. */
export function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const [, version = "unknown"] = /"version": "([^"]+)"/.exec(text) ?? [];
  return version;
}

/** `keyserver version`. */
export function versionCommand(program: Command, contextOf: WithContext): void {
  program
    .command("version")
    .description("print the version")
    .action((_options, command: Command) => {
      const { terminal } = contextOf(command);
      const version = readVersion();
      terminal.show({ version }, () => `keyserver ${version}`);
    });
}
