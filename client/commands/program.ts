import { Argument, Command, CommanderError } from "commander";
import { SHELLS } from "../../protocol/command-line/completion.ts";
import { helpOf } from "../../protocol/command-line/help-of.ts";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import type { AgentDeps } from "../agent/agent.ts";
import type { Output } from "../terminal/output.ts";
import { explainUsage } from "../terminal/usage.ts";
import type { JoinFlags } from "./join.ts";
import type { LeaveFlags } from "./leave.ts";
import type { StatusFlags } from "./status.ts";
import { readVersion } from "./version.ts";

/** What a command gets once flags are read. */
export type Environment = {
  readonly deps: AgentDeps;
  readonly output: Output;
  /** Aborted when the program is asked to end. */
  readonly signal: AbortSignal;
};

/** Flags that every command has. */
export type GlobalFlags = {
  readonly root: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: boolean;
};

export type ProgramOptions = {
  readonly open: (flags: GlobalFlags, command: string) => Environment;
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
): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
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

type Act = (environment: Environment) => Promise<ExitCode>;

/** All commands of keyclient; `done` gets the exit code of the one that runs. */
export function buildProgram(
  { open, stdout }: ProgramOptions,
  done: (code: ExitCode) => void,
): Command {
  const program = new Command("keyclient")
    .description("Keeps this machine's certificates fresh.")
    .option("--root <dir>", "put every path under this folder", "/")
    .option("--json", "print one JSON document on standard output")
    .option("--quiet", "say nothing but errors")
    .option("--verbose", "say more")
    .option("--no-color", "use no colours")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: stdout, writeErr: () => undefined, outputError: () => undefined })
    .showSuggestionAfterError()
    .exitOverride();
  const act = async (name: string, work: Act): Promise<void> => {
    done(await work(open(program.opts<GlobalFlags>(), name)));
  };
  addJoining(program, act);
  addRenewing(program, act);
  addLooking(program, act);
  addManual(program, act);
  return program;
}

type Acting = (name: string, work: Act) => Promise<void>;

function addJoining(program: Command, act: Acting): void {
  program
    .command("join")
    .description("join the cluster with a join string, and get the first certificates")
    .argument("<string>", "what keyserver node admit or keyreq token printed")
    .option("--inspect", "show what the string says; connect to nothing")
    .option("--dry-run", "check string, server and clock; spend and write nothing")
    .option("--node <name>", "this machine is to become NAME, whatever it is called now")
    .option("--source-address <address>", "address of this machine to connect from")
    .action((text: string, flags: JoinFlags) =>
      act("join", async ({ deps, output }) => {
        const { joinCommand } = await import("./join.ts");
        return joinCommand(deps, output, text, flags);
      }),
    );
  program
    .command("leave")
    .description("give this machine's identity up; services keep their files")
    .option("--wipe-keys", "remove the files of the services too")
    .action((flags: LeaveFlags) =>
      act("leave", async ({ deps, output }) => {
        const { leaveCommand } = await import("./leave.ts");
        return leaveCommand(deps, output, flags);
      }),
    );
}

function addRenewing(program: Command, act: Acting): void {
  program
    .command("once")
    .description("do all that is due, and end")
    .argument("[grant...]", "look at these alone")
    .option("--dry-run", "say what would be done")
    .action((grants: readonly string[], flags: { readonly dryRun?: boolean }) =>
      act("once", async ({ deps, output }) => {
        const { onceCommand } = await import("./once.ts");
        return onceCommand(deps, output, grants, flags);
      }),
    );
  program
    .command("run")
    .description("do the same as a daemon, until it is told to end")
    .action(() =>
      act("run", async ({ deps, output, signal }) => {
        const { runCommand } = await import("./run.ts");
        return runCommand(deps, output, signal);
      }),
    );
  program
    .command("renew")
    .description("renew now, whatever the time is")
    .argument("[grant...]", "renew these")
    .option("--all", "renew everything")
    .action((grants: readonly string[], flags: { readonly all?: boolean }) =>
      act("renew", async ({ deps, output }) => {
        const { renewCommand } = await import("./once.ts");
        return renewCommand(deps, output, grants, flags);
      }),
    );
}

function addLooking(program: Command, act: Acting): void {
  program
    .command("status")
    .description("show what is on disk and what is in use")
    .argument("[grant]", "show this one in full")
    .option("--check", "say only what is not healthy; exit code 5 when something is")
    .option("--watch", "show it again every 5 s")
    .action((grant: string | undefined, flags: StatusFlags) =>
      act("status", async ({ deps, output }) => {
        const { statusCommand } = await import("./status.ts");
        return statusCommand(deps, output, grant, flags);
      }),
    );
  program
    .command("hook")
    .description("try the reload of a credential's service")
    .command("test")
    .description("run the reload without renewing")
    .argument("<grant>", "the credential whose service is reloaded")
    .action((grant: string) =>
      act("hook", async ({ deps, output }) => {
        const { hookTestCommand } = await import("./hook.ts");
        return hookTestCommand(deps, output, grant);
      }),
    );
}

function addManual(program: Command, act: Acting): void {
  program
    .command("version")
    .description("print the version")
    .action(() =>
      act("version", ({ output }) => {
        const version = readVersion();
        output.say(`keyclient ${version}`);
        output.document({ version });
        return Promise.resolve(EXIT.ok);
      }),
    );
  program
    .command("completion")
    .description("print completions for a shell")
    .addArgument(new Argument("<shell>", "the shell that is to source them").choices(SHELLS))
    .action((shell: string) =>
      act("completion", async ({ output }) => {
        const { printCompletion } = await import("../terminal/manual.ts");
        return printCompletion(output, program, shell);
      }),
    );
  program
    .command("man")
    .description("print the manual page; read it with: keyclient man | man -l -")
    .action(() =>
      act("man", async ({ output }) => {
        const { manCommand } = await import("./man.ts");
        return manCommand(output, program);
      }),
    );
}
