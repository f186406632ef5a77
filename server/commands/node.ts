import type { Command } from "commander";
import { EXIT } from "../../protocol/exit-codes.ts";
import type { NodeView } from "../../protocol/admin-messages.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { Context, WithContext } from "./context.ts";
import { formatTable, parseSpan, relativeTime } from "./terminal.ts";

/** `keyserver node …`: which machines there are, and letting one in or out. */
export function nodeCommands(program: Command, contextOf: WithContext): void {
  const node = program.command("node").description("admit, list, show, suspend or remove machines");
  node
    .command("admit")
    .description("print a join string for a machine that the policy names")
    .argument("<node>", "its name in the policy")
    .option("--ttl <time>", "how long the string is good: 15m, 1h, 2d", "1h")
    .action(async (name: string, options: { readonly ttl: string }, command: Command) => {
      await admit(contextOf(command), name, options.ttl);
    });
  node
    .command("list")
    .description("list every machine of the policy, and every one that joined")
    .action(async (_options, command: Command) => {
      await listNodes(contextOf(command));
    });
  node
    .command("show")
    .description("show all that is known of one machine")
    .argument("<node>", "its name in the policy")
    .action(async (name: string, _options, command: Command) => {
      const { client, terminal } = contextOf(command);
      const view = await client.get("NodeView", `${ADMIN_PATHS.nodes}/${encodeURIComponent(name)}`);
      terminal.show(view, () => describeNode(view));
    });
  for (const { verb, state, what } of STATE_CHANGES) {
    node
      .command(verb)
      .description(what)
      .argument("<node>", "its name in the policy")
      .action(async (name: string, _options, command: Command) => {
        await changeState(contextOf(command), name, { state, verb });
      });
  }
}

const STATE_CHANGES = [
  { verb: "suspend", state: "suspended", what: "refuse every request of a machine until resume" },
  { verb: "resume", state: "active", what: "undo suspend" },
  { verb: "remove", state: "removed", what: "forget a machine: it comes back only by joining" },
] as const;

/** Seconds; NewToken's minimum. How long at most depends on who asks, and keyserver says it. */
const SHORTEST_TTL = 60;

async function admit(
  { client, terminal, now }: Context,
  node: string,
  time: string,
): Promise<void> {
  const ttl = parseSpan(time);
  if (ttl === undefined || ttl < SHORTEST_TTL) {
    throw new OperatorError(`--ttl ${time} is not a time of at least 1m`, {
      hint: "write a whole number and s, m, h or d: --ttl 15m",
      exitCode: EXIT.usage,
    });
  }
  const token = await client.post("IssuedToken", ADMIN_PATHS.tokens, { node, ttl });
  terminal.show(token, () => {
    const where = token.address === undefined ? "" : `, only from ${token.address}`;
    return [
      `${node} (${token.roles.join(", ")}) may join`,
      `Paste on ${node} ${relativeTime(token.expiresAt, now()).replace("in ", "within ")} (works once${where}):`,
      `  keyclient join ${token.joinString}`,
    ].join("\n");
  });
}

async function listNodes({ client, terminal, now }: Context): Promise<void> {
  const { nodes } = await client.get("NodeList", ADMIN_PATHS.nodes);
  terminal.show({ nodes }, () =>
    formatTable(
      ["NODE", "ROLES", "ADDRESS", "STATE", "JOINED", "IDENTITY SINCE"],
      nodes.map(({ node, roles, address, state, joinedAt, identitySince }) => [
        node,
        roles.join(","),
        address ?? "any",
        state,
        joinedAt === undefined ? "–" : relativeTime(joinedAt, now()),
        identitySince === undefined ? "–" : relativeTime(identitySince, now()),
      ]),
    ),
  );
}

function describeNode({
  node,
  roles,
  address,
  state,
  joinedAt,
  identity,
  identitySince,
}: NodeView): string {
  const lines = [
    `${node}  ${state}`,
    `roles     ${roles.join(", ")}`,
    `address   ${address ?? "any"}`,
  ];
  if (joinedAt !== undefined) lines.push(`joined    ${joinedAt}`);
  if (identity !== undefined)
    lines.push(`identity  ${identity}, in use since ${identitySince ?? "?"}`);
  if (state === "waiting") lines.push(`let it in: keyserver node admit ${node}`);
  return lines.join("\n");
}

async function changeState(
  { client, terminal }: Context,
  node: string,
  {
    state,
    verb,
  }: (typeof STATE_CHANGES)[number] | { readonly state: string; readonly verb: string },
): Promise<void> {
  const path = `${ADMIN_PATHS.nodes}/${encodeURIComponent(node)}/state`;
  const view = await client.post("NodeView", path, { state });
  terminal.show(view, () => {
    const undo = verb === "suspend" ? `; undo: keyserver node resume ${node}` : "";
    return `${node} is ${view.state} from its next request on${undo}`;
  });
}
