import { spawn } from "node:child_process";

/** What a command came to; a signal that ended it counts as 128 and its number is not kept. */
export type Outcome = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

export type CommandOptions = {
  readonly cwd?: string;
  /** Instead of this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Seconds, 30 when absent; then the command is killed and the call rejects. */
  readonly timeout?: number;
};

/**
 * Runs a program to its end, without a shell, whatever its exit code.
 *
 * @throws Error when it cannot be started or takes longer than its time.
 */
export function run(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Outcome> {
  const { cwd, env, stdin, timeout = 30 } = options;
  const child = spawn(file, args, {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(stdin);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      const text = `${formatCommand(file, args)} took longer than ${timeout} s`;
      reject(new Error(`${text}\n${Buffer.concat(stderr).toString()}`));
    }, timeout * 1000);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();
      resolve({ code: code ?? 128, stdout: text(stdout), stderr: text(stderr) });
    });
  });
}

/**
 * Runs a program that has to succeed, and gives its standard output.
 *
 * @throws Error with everything the program said when it ends with anything but 0.
 */
export async function runOk(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(file, args, options);
  if (code === 0) return stdout;
  throw new Error(`${formatCommand(file, args)} ended with ${code}\n${stdout}${stderr}`);
}

const formatCommand = (file: string, args: readonly string[]): string => [file, ...args].join(" ");
