import { spawnSync } from "node:child_process";

export type CommandOptions = {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
};

/**
 * Runs a program without a shell and gives what it printed.
 *
 * The locale is closed and so is the time zone, since what is built must not depend on them.
 *
 * @throws Error with what it said when it fails or is not there
 */
export function runCommand(
  words: readonly [string, ...string[]],
  options: CommandOptions = {},
): string {
  const [name, ...args] = words;
  const done = spawnSync(name, args, {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    cwd: options.cwd,
    env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8", TZ: "UTC", ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (done.status === 0) return done.stdout;
  const said = done.error?.message ?? done.stderr.trim();
  throw new Error(`${words.join(" ")} failed: ${said}`);
}
