import type { Command } from "commander";
import { EXIT } from "../../protocol/exit-codes.ts";
import type { WithContext } from "./context.ts";
import { formatFindings } from "./doctor-finding.ts";

/** `keyserver doctor`: everything on the master that could keep it from signing, in order; exit 5 for a problem. */
export function doctorCommand(program: Command, contextOf: WithContext): void {
  program
    .command("doctor")
    .description("look at everything on the master that can be wrong, and say what to do")
    .action(async (_options, command: Command) => {
      const context = contextOf(command);
      // It reads every configuration file; the other commands start faster without it.
      const { examine } = await import("./doctor-examine.ts");
      const checks = await examine(context);
      const healthy = checks.every(({ state }) => state !== "problem");
      context.terminal.show({ healthy, checks }, () => formatFindings(checks));
      if (!healthy) process.exitCode = EXIT.unhealthy;
    });
}
