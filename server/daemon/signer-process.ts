import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FastifyBaseLogger } from "fastify";
import { levels } from "pino";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { isAnswering } from "../config/socket.ts";
import type { ServerPaths } from "../config/paths.ts";
import { relayLog, type SignerEnd, type SignerLog } from "./signer-log.ts";

/** A keysigner that answers, ours or somebody else's. */
export type SignerProcess = {
  /** Resolves when the process is gone. */
  stop(): Promise<void>;
};

export type SignerProcessDeps = {
  readonly paths: Pick<ServerPaths, "root" | "signerSocket">;
  readonly log: FastifyBaseLogger;
  /** Milliseconds; the machine's own, never going back. */
  readonly monotonic: () => number;
  /** False where keyserver has given up the right to start a process of the signer's user. */
  readonly canRestart: boolean;
};

/** Milliseconds: how long a signer may take until it answers, and the pauses between restarts. */
const START = { limit: 15_000, pause: 50 } as const;
const RESTART = { first: 200, most: 10_000, calm: 60_000 } as const;

/** Node.js flags, megabytes: the signer keeps authorities and a policy, and nothing of what it signed. */
const HEAP = ["--max-old-space-size=40", "--v8-pool-size=1"];

const PROGRAM = fileURLToPath(new URL("../../keys/signer/main.ts", import.meta.url));

/**
 * Starts keysigner where nobody (systemd) has, waits until it answers, and starts it again when it ends.
 *
 * @throws OperatorError when it ends before it ever answered, with what it said
 */
export async function startSigner(deps: SignerProcessDeps): Promise<SignerProcess> {
  const { paths, log } = deps;
  if (await isAnswering(paths.signerSocket)) {
    log.info({ socket: paths.signerSocket }, "signer is running already");
    return { stop: () => Promise.resolve() };
  }
  const first = spawnSigner(deps);
  let { child } = first;
  let stopping = false;
  let pause: number = RESTART.first;

  const watch = (): void => {
    const startedAt = deps.monotonic();
    child.once("exit", (code, signal) => {
      if (stopping) return;
      if (!deps.canRestart) {
        log.fatal({ code, signal }, "signer ended, and only root can start it again: stopping");
        process.kill(process.pid, "SIGTERM");
        process.exitCode = 1;
        return;
      }
      pause = deps.monotonic() - startedAt > RESTART.calm ? RESTART.first : pause;
      log.error({ code, signal, restartInMs: pause }, "signer ended");
      setTimeout(() => {
        if (stopping) return;
        const next = spawnSigner(deps);
        ({ child } = next);
        void sayEnd(next.said, log);
        watch();
      }, pause);
      pause = Math.min(pause * 2, RESTART.most);
    });
  };

  await waitUntilItAnswers(first, deps);
  void sayEnd(first.said, log);
  watch();
  return {
    stop() {
      stopping = true;
      return ended(child);
    },
  };
}

type StartedSigner = { readonly child: ChildProcess; readonly said: SignerLog };

function spawnSigner({ paths, log }: SignerProcessDeps): StartedSigner {
  const child = spawn(
    process.execPath,
    [...HEAP, PROGRAM, "--root", paths.root, "--stop-with-stdin"],
    {
      // The pipe to its stdin closes with us, however we end, and the signer ends with it: it may run as a user
      // that we cannot send a signal to.
      stdio: ["pipe", "ignore", "pipe"],
      // One arena: glibc's others keep some ten megabytes for threads that hardly allocate.
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", MALLOC_ARENA_MAX: "1", ...credentials() },
    },
  );
  child.once("error", (err) => log.error({ err }, "signer did not start"));
  return { child, said: relayLog(child.stderr, process.stderr, levels.values[log.level] ?? 0) };
}

/** Why a signer that had answered, or one that was started again, ended: only the log wants to know. */
async function sayEnd(said: SignerLog, log: FastifyBaseLogger): Promise<void> {
  const end = await said.end();
  if (end !== undefined) log.error(end, "signer cannot run");
}

/** The only thing of our environment that the signer gets: where systemd put its secrets. */
function credentials(): { readonly CREDENTIALS_DIRECTORY?: string } {
  const { CREDENTIALS_DIRECTORY } = process.env;
  return CREDENTIALS_DIRECTORY === undefined ? {} : { CREDENTIALS_DIRECTORY };
}

async function waitUntilItAnswers(
  { child, said }: StartedSigner,
  { paths, monotonic }: SignerProcessDeps,
): Promise<void> {
  const end = monotonic() + START.limit;
  while (!(await isAnswering(paths.signerSocket))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw notStarted(await said.end());
    }
    if (monotonic() > end) {
      child.kill("SIGKILL");
      throw new OperatorError(`keysigner did not answer on ${paths.signerSocket} in 15 s`);
    }
    await new Promise((resolve) => setTimeout(resolve, START.pause));
  }
}

/** A wrong file is a usage error, as it is for keyserver's own files. */
function notStarted(end: SignerEnd | undefined): OperatorError {
  const { code, error = "it did not say why" } = end ?? {};
  return new OperatorError(`keysigner cannot run: ${error}`, {
    hint: "put that right, then run the same command again; nothing was changed",
    exitCode: code === "configuration.invalid" ? EXIT.usage : EXIT.unexpected,
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.stdin?.end();
  });
}
