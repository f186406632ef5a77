import { helpOf } from "../protocol/command-line/help-of.ts";
import { reportFailure } from "./commands/failure.ts";
import { buildProgram } from "./commands/program.ts";

/** keyserver: the authority's daemon and the operator's commands. */

const program = buildProgram(() => Math.floor(Date.now() / 1000));

try {
  await program.parseAsync();
} catch (error) {
  const { verbose = false, json = false } = program.opts<{
    readonly verbose?: boolean;
    readonly json?: boolean;
  }>();
  const help = helpOf(program, process.argv.slice(2));
  process.exitCode = reportFailure(error, { program: "keyserver", help, verbose, json });
}
