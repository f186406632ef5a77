import { Command } from "commander";
import { authorityCommands } from "./commands/authority.ts";
import { certCommands } from "./commands/cert.ts";
import { createContexts } from "./commands/context.ts";
import { reportFailure } from "./commands/failure.ts";
import { initCommand } from "./commands/init.ts";
import { nodeCommands } from "./commands/node.ts";
import { policyCommands } from "./commands/policy.ts";
import { runCommand } from "./commands/run.ts";
import { statusCommand } from "./commands/status.ts";
import { tokenCommands } from "./commands/token.ts";
import { versionCommand } from "./commands/version.ts";

/** keyserver: the authority's daemon and the operator's commands. */

const now = (): number => Math.floor(Date.now() / 1000);

const program = new Command("keyserver")
  .description(
    "The authority of a cluster: issues certificates to nodes and people as a policy file says.",
  )
  .option("--root <dir>", "put every path under this folder", "/")
  .option("--json", "print one JSON document")
  .option("--quiet", "print nothing but what was asked for")
  .option("--verbose", "print causes of errors")
  .option("--no-color", "accepted; this program prints no colours")
  .showSuggestionAfterError()
  .configureHelp({ showGlobalOptions: true })
  .exitOverride()
  .configureOutput({
    writeErr: (text) => void process.stderr.write(text.replace(/^error: /, "keyserver: error: ")),
  });

const contextOf = createContexts(now);
initCommand(program, contextOf);
runCommand(program, contextOf);
statusCommand(program, contextOf);
nodeCommands(program, contextOf);
tokenCommands(program, contextOf);
certCommands(program, contextOf);
authorityCommands(program, contextOf);
policyCommands(program, contextOf);
versionCommand(program, contextOf);

try {
  await program.parseAsync();
} catch (error) {
  const { verbose = false, json = false } = program.opts<{
    readonly verbose?: boolean;
    readonly json?: boolean;
  }>();
  process.exitCode = reportFailure(error, { program: "keyserver", verbose, json });
}
