import { accessSync, constants, readFileSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import { printable } from "../../policy/identify.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { ServerPaths } from "../config/paths.ts";
import { replaceFile } from "../config/replace-file.ts";
import { finishEdited } from "../config/write-policy.ts";
import { LedgerError } from "../ledger/ledger-error.ts";
import { formatTime } from "../time.ts";
import type { Context } from "./context.ts";

/**
 * Who runs this command, for people to read: `root`, `root (sudo alice)`, `root (systemd)` for a unit's command,
 * `keyserver (SIGHUP)`. Nothing is decided by it.
 */
export function operatorName(): string {
  const { SUDO_USER: sudo, SYSTEMD_EXEC_PID: unit, KEYSYSTEM_ASKED_BY: asked } = process.env;
  const name = accountName();
  if (asked !== undefined) return `${name} (${printable(asked)})`;
  if (unit === String(process.pid)) return `${name} (systemd)`;
  return sudo === undefined || sudo === name ? name : `${name} (sudo ${printable(sudo)})`;
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}

/**
 * Does `work` while nobody else edits or applies the policy; the kernel drops the lock with the process.
 *
 * @throws OperatorError with who does, when somebody does.
 */
export async function whileAlone<T>(
  { paths, now, terminal }: Pick<Context, "paths" | "now" | "terminal">,
  doing: string,
  work: () => Promise<T>,
): Promise<T> {
  const release = await takeLock(paths);
  const holder = holderFile(paths);
  try {
    const text = `${operatorName()} ${doing} since ${formatTime(now())}, process ${process.pid}`;
    replaceFile(holder, text, 0o644);
    if (finishEdited(paths.policy) === "left")
      terminal.err(`keyserver: warning: ${LEFT.replace("FILE", paths.policy)}`);
    return await work();
  } finally {
    rmSync(holder, { force: true });
    release();
  }
}

const LEFT =
  "FILE and what it includes were being replaced when that was cut off, and were edited since: see that they belong together";

const holderFile = ({ policy }: ServerPaths): string => `${policy}.holder`;

async function takeLock(paths: ServerPaths): Promise<() => void> {
  // SQLite is slow to load, and the other commands on policies need none.
  const { holdLedger } = await import("../ledger/ledger-lock.ts");
  try {
    return holdLedger(paths.policy);
  } catch (cause) {
    if (isForbidden(cause, paths)) throw forbidden(paths, cause);
    if (!(cause instanceof LedgerError)) throw cause;
    throw new OperatorError(`the policy is taken: ${readHolder(paths)}; nothing was changed`, {
      hint: "wait until that has ended, then run it again",
      exitCode: EXIT.unhealthy,
      cause,
    });
  }
}

/** SQLite says only that it cannot open the lock; the folder says why. */
function isForbidden(cause: unknown, { policy }: ServerPaths): boolean {
  if (cause instanceof LedgerError) return false;
  try {
    accessSync(dirname(policy), constants.W_OK);
    accessSync(`${policy}.lock`, constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code !== "ENOENT";
  }
}

const forbidden = ({ policy }: ServerPaths, cause: unknown): OperatorError =>
  new OperatorError(`${accountName()} may not write to ${dirname(policy)}; nothing was changed`, {
    hint: "as root: keyserver policy apply",
    exitCode: EXIT.unauthenticated,
    cause,
  });

function readHolder(paths: ServerPaths): string {
  try {
    return printable(readFileSync(holderFile(paths), "utf8"));
  } catch {
    return "somebody else edits or applies it";
  }
}
