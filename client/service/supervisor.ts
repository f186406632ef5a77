import { execFile } from "node:child_process";

/** Milliseconds: systemd-notify waits up to five seconds until systemd has read it. */
const LONGEST = 10_000;

/**
 * Tells systemd, where it started this process and waits for it, that we are ready, and from then on that the event
 * loop turns. Gives what ends it. Nothing happens outside systemd; systemd that cannot be told ends us by itself.
 */
export async function reportLife(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): Promise<() => void> {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID = String(pid) } = environment;
  if (NOTIFY_SOCKET === undefined) return () => undefined;
  const env = { NOTIFY_SOCKET, PATH: "/usr/bin:/bin" };
  const tell = (word: string): Promise<void> =>
    new Promise((resolve) => {
      execFile("systemd-notify", [word], { env, cwd: "/", timeout: LONGEST }, () => resolve());
    });
  await tell("READY=1");
  const allowed = Number(WATCHDOG_USEC);
  if (WATCHDOG_PID !== String(pid) || !(allowed > 0)) return () => undefined;
  const timer = setInterval(() => void tell("WATCHDOG=1"), Math.floor(allowed / 3000));
  return () => clearInterval(timer);
}
