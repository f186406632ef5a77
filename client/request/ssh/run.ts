import { execFile, spawn } from "node:child_process";
import { EXIT } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Environment } from "../deps.ts";

/** How ssh(1) understands a destination, after its configuration. */
export type Destination = { readonly hostname: string; readonly user: string };

/** Tells `keyreq-fresh` to get nothing: who starts ssh has seen to it, or wants to know something else. */
const QUIET = { KEYREQ_ENSURE: "no" } as const;

/** What `ssh -G` says about a destination; the certificate is asked for by nobody meanwhile. @throws Failure (exit 2) */
export function readDestination(
  args: readonly string[],
  environment: Environment,
): Promise<Destination> {
  const { promise, resolve, reject } = Promise.withResolvers<Destination>();
  const env = { ...environment, ...QUIET };
  execFile("ssh", ["-G", ...args], { env }, (error, stdout, stderr) => {
    const [hostname, user] = ["hostname", "user"].map(
      (key) => new RegExp(`^${key} (.+)$`, "m").exec(stdout)?.[1],
    );
    if (hostname !== undefined && user !== undefined) resolve({ hostname, user });
    else {
      const why = stderr.trim().split("\n").at(-1)?.replaceAll(/\p{C}/gu, "?") ?? "";
      reject(
        new Failure(EXIT.usage, `ssh does not take this: ${why}`, ["keyreq ssh HOST [ARGS…]"], {
          cause: error,
        }),
      );
    }
  });
  return promise;
}

/** Where a signal ends a program, shells add this to its number. */
const SIGNALLED = 128;

/**
 * Runs ssh(1) in place of this program: it has the terminal, and signals are its own.
 *
 * @throws Failure (exit 2) when it cannot be started.
 */
export function runSsh(args: readonly string[], environment: Environment): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const ignore = (): void => undefined;
  const signals = ["SIGINT", "SIGQUIT", "SIGTSTP"] as const;
  for (const signal of signals) process.on(signal, ignore);
  const child = spawn("ssh", args, { stdio: "inherit", env: { ...environment } });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.once("SIGTERM", pass).once("SIGHUP", pass);
  child.once("error", (cause) =>
    reject(
      new Failure(EXIT.usage, "ssh cannot be started", ["apt install openssh-client"], { cause }),
    ),
  );
  child.once("close", (code) => resolve(code ?? SIGNALLED));
  return promise.finally(() => {
    for (const signal of signals) process.off(signal, ignore);
    process.off("SIGTERM", pass).off("SIGHUP", pass);
  });
}
