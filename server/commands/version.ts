import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { WithContext } from "./context.ts";

/** `keyserver version`. */
export function versionCommand(program: Command, contextOf: WithContext): void {
  program
    .command("version")
    .description("print the version")
    .action((_options, command: Command) => {
      const { terminal } = contextOf(command);
      const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
      const [, version = "unknown"] = /"version": "([^"]+)"/.exec(text) ?? [];
      terminal.show({ version }, () => `keyserver ${version}`);
    });
}
