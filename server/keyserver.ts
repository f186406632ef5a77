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
  process.exitCode = reportFailure(error, { program: "keyserver", verbose, json });
}
