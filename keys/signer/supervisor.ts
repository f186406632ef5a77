import { execFile } from "node:child_process";

/** systemd, where it started this process and waits for word of it (`Type=notify`). */
export type Supervisor = {
  /** Sends assignments such as `READY=1` (sd_notify(3)). Never rejects: what went wrong is told to `failed`. */
  readonly tell: (...assignments: readonly string[]) => Promise<void>;
  /** Milliseconds between two signs of life, a third of what systemd waits; undefined when it waits for none. */
  readonly beat: number | undefined;
};

export type SupervisorDeps = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** Gets why systemd was not told. */
  readonly failed: (error: Error) => void;
};

/** Milliseconds: systemd-notify waits up to five seconds until systemd has read it. */
const LONGEST = 10_000;

/**
 * Finds the supervisor of this process; undefined outside systemd.
 *
 * Node.js has no datagram sockets of Unix, so each word goes by systemd-notify: some milliseconds of CPU. It waits
 * until systemd has read the word, so that `NotifyAccess=all` knows whose it is.
 */
export function findSupervisor({
  environment,
  pid,
  failed,
}: SupervisorDeps): Supervisor | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
  if (NOTIFY_SOCKET === undefined) return undefined;
  const env = { NOTIFY_SOCKET, PATH: "/usr/bin:/bin" };
  const isWatched = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid);
  const allowed = Number(WATCHDOG_USEC);
  return {
    tell: (...assignments) =>
      new Promise((resolve) => {
        const options = { env, cwd: "/", timeout: LONGEST };
        execFile("systemd-notify", assignments.map(toOneLine), options, (error) => {
          if (error !== null) failed(error);
          resolve();
        });
      }),
    beat: isWatched && allowed > 0 ? Math.floor(allowed / 3000) : undefined,
  };
}

/** An assignment is one line, whatever an error's message holds. */
const toOneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, " ").slice(0, 1000);

/**
 * Tells `supervisor` on each beat that the process lives, once `check` came back; it gives what to tell besides, such
 * as `STATUS=…`, and one that hangs or rejects leaves the beat out. The timer proves the event loop, the check what
 * lies behind it. Gives what ends it.
 */
export function keepAlive(
  { beat, tell }: Supervisor,
  check: () => Promise<readonly string[]>,
): () => void {
  if (beat === undefined) return () => undefined;
  let underWay = false;
  const pulse = async (): Promise<void> => {
    if (underWay) return;
    underWay = true;
    try {
      await tell("WATCHDOG=1", ...(await check()));
    } catch {
      // No proof, no beat: systemd ends a process that stays silent.
    } finally {
      underWay = false;
    }
  };
  const timer = setInterval(() => void pulse(), beat);
  return () => clearInterval(timer);
}
