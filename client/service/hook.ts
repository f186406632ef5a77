import { spawn } from "node:child_process";
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

/** Runs a reload command in a process group of its own, which is killed as a whole at the time limit. */
export function runHook({ command, timeout }: Hook): Promise<HookResult> {
  const [program = "", ...args] = command;
  const { promise, resolve } = Promise.withResolvers<HookResult>();
  let output = "";
  let late = false;
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
  const timer = setTimeout(() => {
    late = true;
    killGroup(child.pid);
  }, timeout * 1000);
  const end = (message: string | undefined): void => {
    clearTimeout(timer);
    // A process that outlives its parent may hold the pipes; it is not waited for.
    child.stdout.destroy();
    child.stderr.destroy();
    const detail = output.trim();
    resolve(message === undefined ? { ok: true } : { ok: false, message, detail });
  };
  child.once("error", (error) => end(`${program} cannot be started: ${messageOf(error)}`));
  child.once("exit", (code, signal) => {
    if (late) end(`${program} did not end in ${timeout} s and was killed`);
    else if (code === 0) end(undefined);
    else end(code === null ? `${program} was ended by ${signal}` : `${program} ended with ${code}`);
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
