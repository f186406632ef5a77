import { Command, CommanderError, Option } from "commander";
import { helpOf } from "../../protocol/command-line/help-of.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import type { Output } from "../terminal/output.ts";
import { explainUsage } from "../terminal/usage.ts";
import type { RequestDeps } from "./deps.ts";
import { addLooking } from "./program-looking.ts";
import { addMeta } from "./program-meta.ts";
import { addUsing } from "./program-using.ts";
import { withPatience } from "./patience.ts";

/** What a command gets once flags are read. */
export type Surroundings = { readonly deps: RequestDeps; readonly output: Output };

/** Flags that every command has, before or after its name. */
export type GlobalFlags = {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: boolean;
  readonly cluster?: string;
  /** The data folder. */
  readonly config?: string;
  /** The user's name; `true` for the local account's. */
  readonly ldap?: string | true;
  readonly passwordStdin?: boolean;
  /** How long to try again while something is unreachable. */
  readonly wait?: string;
};

export type ProgramOptions = {
  readonly open: (flags: GlobalFlags) => Surroundings;
  readonly stdout: (text: string) => void;
};

/**
 * Runs one command line (without program and script) and gives its exit code.
 *
 * @throws Failure
 */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions,
): Promise<number> {
  let exit: number = EXIT.ok;
  const program = buildProgram(options, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.ok;
    throw explainUsage(helpOf(program, args), error);
  }
  return exit;
}

/** Does a command's work with its surroundings and passes its exit code on. */
export type Acting = (
  command: Command,
  work: (surroundings: Surroundings) => Promise<number>,
) => Promise<void>;

/** All commands of keyreq; `done` gets the exit code of the one that runs. */
export function buildProgram(
  { open, stdout }: ProgramOptions,
  done: (code: number) => void,
): Command {
  const program = new Command("keyreq")
    .description("Gets certificates for a person: SSH, kubectl, etcdctl, join strings.")
    // Flags behind the command are the command's; what is behind HOST or a program is theirs.
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: stdout, writeErr: () => undefined, outputError: () => undefined })
    .showSuggestionAfterError()
    .exitOverride();
  for (const option of globalOptions()) program.addOption(option);
  const act: Acting = async (command, work) => {
    const flags = flagsOf(program, command);
    const surroundings = open(flags);
    try {
      done(await withPatience(surroundings, flags.wait, () => work(surroundings)));
    } catch (error) {
      const { withWhatStillWorks } = await import("./session/still-works.ts");
      throw withWhatStillWorks(surroundings.deps, error);
    }
  };
  addUsing(program, act);
  addLooking(program, act);
  addMeta(program, act);
  for (const command of program.commands) repeatGlobals(command);
  return program;
}

const globalOptions = (): readonly Option[] => [
  new Option("--json", "print one JSON document on standard output"),
  new Option("--quiet", "say nothing but errors"),
  new Option("--verbose", "say more"),
  new Option("--no-color", "use no colours"),
  new Option("--cluster <name>", "the cluster, where several are set up"),
  new Option("--config <dir>", "the folder that holds what keyreq keeps"),
  new Option(
    "--ldap [user]",
    "prove who you are with the directory's password; with a name: --ldap=NAME",
  ),
  new Option("--password-stdin", "read that password from standard input"),
  new Option("--wait <duration>", "while something is unreachable, try again for so long: 5m"),
];

function repeatGlobals(command: Command): void {
  for (const option of globalOptions()) command.addOption(option.hideHelp());
}

/** Global flags from both sides of the command's name; the later one counts. */
function flagsOf(program: Command, command: Command): GlobalFlags {
  const own = command.opts<GlobalFlags>();
  const said = Object.entries(own).filter(([name]) => command.getOptionValueSource(name) === "cli");
  return { ...program.opts<GlobalFlags>(), ...Object.fromEntries(said) };
}
