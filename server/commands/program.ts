import { Command } from "commander";
import { authorityCommands } from "./authority.ts";
import { certCommands } from "./cert.ts";
import { completionCommand } from "./completion.ts";
import { createContexts } from "./context.ts";
import { doctorCommand } from "./doctor.ts";
import { initCommand } from "./init.ts";
import { manCommand } from "./man.ts";
import { nodeCommands } from "./node.ts";
import { policyCommands } from "./policy.ts";
import { runCommand } from "./run.ts";
import { statusCommand } from "./status.ts";
import { tokenCommands } from "./token.ts";
import { versionCommand } from "./version.ts";

/** All commands of keyserver; `now` is in seconds since 1970. */
export function buildProgram(now: () => number): Command {
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
  doctorCommand(program, contextOf);
  nodeCommands(program, contextOf);
  tokenCommands(program, contextOf);
  certCommands(program, contextOf);
  authorityCommands(program, contextOf);
  policyCommands(program, contextOf);
  versionCommand(program, contextOf);
  completionCommand(program, contextOf);
  manCommand(program, contextOf);
  return program;
}
