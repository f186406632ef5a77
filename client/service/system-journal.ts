import { spawn } from "node:child_process";
import { fstatSync } from "node:fs";

/** One entry of systemd's journal. */
export type JournalEntry = {
  readonly message: string;
  /** As in syslog: 4 for what went wrong, 5 for what was done. */
  readonly priority: 4 | 5;
  /** Names without the `KEYSYSTEM_` that is put before each: `GRANT`, `SERIAL`. */
  readonly fields: Readonly<Record<string, string>>;
};

/** Writes an entry; false when it could not be written, so that it is said in another way. */
export type SystemJournal = (entry: JournalEntry) => Promise<boolean>;

/**
 * The journal, where this process's standard error goes there (systemd.exec(5), `JOURNAL_STREAM`); else undefined.
 *
 * It takes fields by datagrams of Unix alone, which Node.js has not: logger(1) sends them, one process an entry.
 */
export function findSystemJournal(
  { JOURNAL_STREAM }: Readonly<Record<string, string | undefined>>,
  pid: number,
): SystemJournal | undefined {
  const { dev, ino } = fstatSync(2);
  if (JOURNAL_STREAM !== `${dev}:${ino}`) return undefined;
  return (entry) => send(formatEntry(entry, pid));
}

/** An entry as logger reads it: a line for each field. */
export function formatEntry({ message, priority, fields }: JournalEntry, pid: number): string {
  const own = Object.entries(fields).map(([name, value]) => [`KEYSYSTEM_${name}`, value] as const);
  const all = [
    ["MESSAGE", message],
    ["PRIORITY", String(priority)],
    ["SYSLOG_IDENTIFIER", "keyclient"],
    // logger is gone when journald looks whose entry it is; this says for whom it spoke.
    ["OBJECT_PID", String(pid)],
    ...own,
  ] as const;
  // What comes from a server or a service must not begin a field of its own.
  return all.map(([name, value]) => `${name}=${value.replaceAll(/\p{Cc}+/gu, " ")}\n`).join("");
}

function send(text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn("logger", ["--journald"], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["pipe", "ignore", "ignore"],
      timeout: 5000,
    });
    child.once("error", () => resolve(false));
    child.once("close", (code) => resolve(code === 0));
    child.stdin.on("error", () => undefined).end(text);
  });
}
