import type { Command } from "commander";
import type { ForgetFlags } from "./commands/forget.ts";
import type { Acting } from "./program.ts";

/** Adds the commands that look at what there is, and the one that takes it away. */
export function addLooking(program: Command, act: Acting): void {
  addAsking(program, act);
  program
    .command("status")
    .description("what you hold, and for how long; asks no server")
    .action((_flags: object, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { statusCommand } = await import("./commands/status.ts");
        return statusCommand(deps, output);
      }),
    );
  program
    .command("forget")
    .description("take certificates away from here: the agent and the files")
    .argument("[grant]", "this one alone")
    .option("--setup", "also what keyreq setup added")
    .action((grant: string | undefined, flags: ForgetFlags, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { forgetCommand } = await import("./commands/forget.ts");
        return forgetCommand(deps, output, grant, flags);
      }),
    );
  program
    .command("doctor")
    .description("find out why something does not work")
    .action((_flags: object, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { doctorCommand } = await import("./commands/doctor.ts");
        return doctorCommand(deps, output);
      }),
    );
}

function addAsking(program: Command, act: Acting): void {
  program
    .command("whoami")
    .description("who the server takes you for: identity, groups, ticket, clock")
    .action((_flags: object, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { whoamiCommand } = await import("./commands/whoami.ts");
        return whoamiCommand(deps, output);
      }),
    );
  program
    .command("grants")
    .description("what you may get now, and why not the rest")
    .action((_flags: object, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { grantsCommand } = await import("./commands/grants.ts");
        return grantsCommand(deps, output);
      }),
    );
  program
    .command("why")
    .description("explain one grant: who you are, what it wants, what it would give")
    .argument("<grant>", "its name in the policy")
    .action((grant: string, _flags: object, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { whyCommand } = await import("./commands/why.ts");
        return whyCommand(deps, output, grant);
      }),
    );
}
