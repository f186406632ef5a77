import type { Command } from "commander";
import type { WithContext } from "./context.ts";
import { readVersion } from "./version.ts";

/**
 * `keyserver run`: the daemon. SIGTERM and SIGINT end it cleanly. SIGHUP does what `policy apply --yes` does, or
 * takes the applied policy anew where there is no edit, and looks whether keyserver's own certificate is due.
 */
export function runCommand(program: Command, contextOf: WithContext): void {
  program
    .command("run")
    .description("run the daemon; starts keysigner where systemd has not")
    .action(async (_options, command: Command) => {
      const { paths, now, terminal } = contextOf(command);
      // The daemon is large; the other commands start faster without it.
      const { runServer } = await import("../daemon/run.ts");
      const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ""];
      // A signal that comes while it starts is answered when it has, and does not end it.
      let hasWaiting = false;
      let reload = (): void => {
        hasWaiting = true;
      };
      process.on("SIGHUP", () => reload());
      const server = await runServer({ paths, now, program, version: readVersion() });
      const stop = (): void => {
        process.off("SIGTERM", stop);
        process.off("SIGINT", stop);
        server.stop().catch((error: unknown) => {
          terminal.err(`keyserver: error: ${String(error)}`);
          process.exitCode = 1;
        });
      };
      process.on("SIGTERM", stop);
      process.on("SIGINT", stop);
      reload = () => {
        server.reload().catch((error: unknown) => {
          terminal.err(`keyserver: error: nothing was reloaded: ${String(error)}`);
        });
      };
      if (hasWaiting) reload();
    });
}
