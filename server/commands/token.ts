import type { Command } from "commander";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import type { WithContext } from "./context.ts";
import { formatTable, relativeTime } from "./terminal.ts";

/** `keyserver token …`: join strings that are out; never their secrets. */
export function tokenCommands(program: Command, contextOf: WithContext): void {
  const token = program.command("token").description("list or revoke join strings that are out");
  token
    .command("list")
    .description("list every join string, without its secret")
    .action(async (_options, command: Command) => {
      const { client, terminal, now } = contextOf(command);
      const { tokens } = await client.get("TokenList", ADMIN_PATHS.tokens);
      terminal.show({ tokens }, () =>
        formatTable(
          ["ID", "NODE", "STATE", "MADE", "BY", "ENDS"],
          tokens.map(({ id, node, state, createdAt, createdBy, expiresAt }) => [
            id,
            node,
            state,
            relativeTime(createdAt, now()),
            createdBy,
            relativeTime(expiresAt, now()),
          ]),
        ),
      );
    });
  token
    .command("revoke")
    .description("make a join string worthless")
    .argument("<id>", "as keyserver token list prints it")
    .action(async (id: string, _options, command: Command) => {
      const { client, terminal } = contextOf(command);
      await client.delete(`${ADMIN_PATHS.tokens}/${encodeURIComponent(id)}`);
      terminal.show({ id, state: "revoked" }, () => `join string ${id} is revoked`);
    });
}
