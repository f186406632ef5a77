import type { Command } from "commander";
import type { WithContext } from "./context.ts";
import type { InitOptions } from "./init-steps.ts";

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `keyserver init`: makes an authority out of nothing, once. */
export function initCommand(program: Command, contextOf: WithContext): void {
  program
    .command("init")
    .description("create the authorities, the ledger and a first policy; print the pin")
    .option("--yes", "take what is usual for everything that no flag says")
    .option("--cluster <name>", "name of the cluster")
    .option("--domain <domain>", "domain of the nodes")
    .option("--node <name>", "name of this machine in the first policy")
    .option("--address <address>", "address of this machine in the first policy")
    .option("--listen <address:port>", "what the daemon listens on")
    .option(
      "--name <name>",
      "a name or address that nodes reach this machine by; again for more",
      collect,
    )
    .option("--policy <file>", "begin with this policy instead of a generated one")
    .option("--import <file>", "begin with what a Homeworld setup.yaml says; see policy import")
    .option(
      "--authority-key <name=kind>",
      "kind of an authority's key, as services=rsa-3072",
      collect,
    )
    .option("--server-user <user>", "user, or UID:GID, that keyserver becomes under root")
    .option("--signer-user <user>", "user, or UID:GID, that keysigner becomes under root")
    .action(async (options: InitOptions, command: Command) => {
      // The ledger, keysigner's keys and the log are large; the other commands start faster without them.
      const { runInit } = await import("./init-steps.ts");
      await runInit(contextOf(command), options);
    });
}
