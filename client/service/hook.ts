import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { messageOf } from "../terminal/failure.ts";

/** How a reload ended; `detail` is what the command said last. */
export type HookResult =
  { readonly ok: true } | { readonly ok: false; readonly message: string; readonly detail: string };

/** A program with its arguments, and its time limit. */
export type Hook = {
  /** Program and arguments, handed over as they are: nothing in them is interpreted. */
  readonly command: readonly string[];
  /** Seconds. */
  readonly timeout: number;
};

/** All that a hook gets: nothing of what keyclient was started with. */
const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
};
const KEPT_OUTPUT = 2000;

/** Seconds that systemd gets to end a hook, and to say so, before we stop waiting for it. */
const GRACE = 15;

/**
 * Runs a reload command for at most its time.
 *
 * Where systemd runs and we are root it becomes a service of its own, with systemd's environment and rights instead of
 * ours, and whatever it forked ends with it. Elsewhere it is a process group, which is killed at the time limit.
 */
export function runHook(hook: Hook): Promise<HookResult> {
  const runsSystemd = SYSTEMD.every((path) => existsSync(path)) && process.geteuid?.() === 0;
  return runsSystemd ? runAsService(hook) : runAsGroup(hook);
}

/** systemd is the first process, and takes transient units over the bus. */
const SYSTEMD = ["/run/systemd/system", "/run/dbus/system_bus_socket"];

/** Runs a reload command in a process group of its own, which is killed as a whole at the time limit. */
export function runAsGroup({ command, timeout }: Hook): Promise<HookResult> {
  const [program = "", ...args] = command;
  return follow({ program, args, timeout, patience: timeout, name: program });
}

function runAsService({ command, timeout }: Hook): Promise<HookResult> {
  const unit = `keyclient-hook-${process.pid}-${Math.floor(performance.now() * 1000)}`;
  const args = serviceArguments({ command, timeout }, unit);
  const name = command[0] ?? "";
  return follow({ program: "systemd-run", args, timeout, patience: timeout + GRACE, name });
}

/** Set by systemd for every service. */
const UNWANTED = "INVOCATION_ID JOURNAL_STREAM SYSTEMD_EXEC_PID HOME LOGNAME SHELL USER";

/** What systemd-run(1) is told; systemd makes one `$` of two in a command, and nothing else of anything in it. */
export function serviceArguments({ command, timeout }: Hook, unit: string): readonly string[] {
  const properties = [
    `RuntimeMaxSec=${timeout}`,
    "KillMode=control-group",
    "TimeoutStopSec=2",
    `UnsetEnvironment=${UNWANTED}`,
  ];
  return [
    "--quiet",
    "--wait",
    "--pipe",
    "--collect",
    "--service-type=exec",
    `--unit=${unit}`,
    "--description=keyclient: reload after a renewal",
    "--working-directory=/",
    ...Object.entries(ENVIRONMENT).map(([name, value]) => `--setenv=${name}=${value}`),
    ...properties.map((property) => `--property=${property}`),
    "--",
    ...command.map((word) => word.replaceAll("$", "$$$$")),
  ];
}

type Followed = {
  readonly program: string;
  readonly args: readonly string[];
  /** Seconds that the hook has. */
  readonly timeout: number;
  /** Seconds until we kill what we started. */
  readonly patience: number;
  /** What it is called in messages. */
  readonly name: string;
};

function follow({ program, args, timeout, patience, name }: Followed): Promise<HookResult> {
  const { promise, resolve } = Promise.withResolvers<HookResult>();
  let output = "";
  const child = spawn(program, args, {
    cwd: "/",
    detached: true,
    env: ENVIRONMENT,
    shell: false,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const keep = (part: unknown): void => {
    output = (output + String(part)).slice(-KEPT_OUTPUT);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  let late = false;
  const marking = setTimeout(() => {
    late = true;
  }, timeout * 1000);
  const killing = setTimeout(() => killGroup(child.pid), patience * 1000);
  const end = (message: string | undefined): void => {
    clearTimeout(marking);
    clearTimeout(killing);
    // A process that outlives its parent may hold the pipes; it is not waited for.
    child.stdout.destroy();
    child.stderr.destroy();
    const detail = output.trim();
    resolve(message === undefined ? { ok: true } : { ok: false, message, detail });
  };
  child.once("error", (error) => end(`${name} cannot be started: ${messageOf(error)}`));
  child.once("exit", (code, signal) => {
    if (code === 0) end(undefined);
    else if (late) end(`${name} did not end in ${timeout} s and was killed`);
    else end(code === null ? `${name} was ended by ${signal}` : `${name} ended with ${code}`);
  });
  return promise;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended in this very moment.
  }
}
