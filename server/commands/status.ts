import type { Command } from "commander";
import type { Status } from "../../protocol/admin-messages.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { formatAuthorities } from "./authority.ts";
import { formatCount } from "../config/count.ts";
import type { WithContext } from "./context.ts";
import { relativeTime } from "./terminal.ts";

/** `keyserver status`: one screen; with `--check` exit 5 when something is wrong. */
export function statusCommand(program: Command, contextOf: WithContext): void {
  program
    .command("status")
    .description("say on one screen whether it runs and can sign, and what is in force")
    .option("--check", "exit 5 when anything is wrong")
    .action(async (options: { readonly check?: boolean }, command: Command) => {
      const { client, terminal, now } = contextOf(command);
      const status = await client.get("Status", ADMIN_PATHS.status);
      terminal.show(status, () => formatStatus(status, now()));
      if (options.check === true && status.problems.length > 0) process.exitCode = EXIT.unhealthy;
    });
}

function formatStatus(status: Status, now: number): string {
  const { policy, problems, checkpoint } = status;
  const state = status.ready ? "ready" : "NOT READY";
  return [
    `keyserver  ${state}   cluster ${status.cluster}   started ${relativeTime(status.startedAt, now)}`,
    `policy     ${policy.hash.slice(0, 8)}, applied ${relativeTime(policy.appliedAt, now)}: ${formatCount(policy.grants, "grant")}, ${formatCount(policy.nodes, "node")}`,
    `nodes      ${status.joinedNodes} joined, ${formatCount(status.openTokens, "join string")} out`,
    `log        ${checkpoint.size} entries, head ${checkpoint.head.slice(0, 16)}`,
    `own TLS    ends ${relativeTime(status.ownCertificateEnds, now)}`,
    `pin        sha256:${status.pin}`,
    "",
    formatAuthorities(status.authorities, now),
    ...(problems.length === 0 ? [] : ["", ...problems.map((problem) => `problem: ${problem}`)]),
  ].join("\n");
}
