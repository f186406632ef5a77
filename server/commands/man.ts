import type { Command } from "commander";
import { describeProgram } from "../../protocol/command-line/description.ts";
import { formatManPage, type ManSection } from "../../protocol/command-line/man-page.ts";
import type { WithContext } from "./context.ts";
import { readVersion } from "./version.ts";

/** `keyserver man`: the manual page, in man(7). */
export function manCommand(program: Command, contextOf: WithContext): void {
  program
    .command("man")
    .description("print the manual page; read it with: keyserver man | man -l -")
    .action((_options, command: Command) => {
      const options = { section: 8, version: readVersion(), more: MORE } as const;
      const page = formatManPage(describeProgram(program), options);
      contextOf(command).terminal.show({ page }, () => page.trimEnd());
    });
}

const MORE: readonly ManSection[] = [
  {
    title: "files",
    entries: [
      { term: "/etc/keysystem/policy.yaml", text: "the policy, as operators write it" },
      { term: "/etc/keysystem/applied/policy.yaml", text: "the policy in force" },
      { term: "/etc/keysystem/server.yaml", text: "addresses, users, keytab and directory" },
      { term: "/var/lib/keysystem", text: "the ledger, and the server's own certificate" },
      { term: "/var/lib/keysigner", text: "the authorities' keys, sealed" },
      { term: "/run/keysystem/admin.sock", text: "where these commands reach the daemon" },
    ],
  },
];
