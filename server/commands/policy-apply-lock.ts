import { readFileSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { printable } from "../../policy/identify.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { ServerPaths } from "../config/paths.ts";
import { replaceFile } from "../config/replace-file.ts";
import { LedgerError } from "../ledger/ledger-error.ts";
import { formatTime } from "../time.ts";
import type { Context } from "./context.ts";

/** Who runs this command, for people to read: `root`, `root (sudo alice)`. Nothing is decided by it. */
export function operatorName(): string {
  const { SUDO_USER: sudo } = process.env;
  const name = accountName();
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
  { paths, now }: Pick<Context, "paths" | "now">,
  doing: string,
  work: () => Promise<T>,
): Promise<T> {
  const release = await takeLock(paths);
  const holder = holderFile(paths);
  try {
    const text = `${operatorName()} ${doing} since ${formatTime(now())}, process ${process.pid}`;
    replaceFile(holder, text, 0o644);
    return await work();
  } finally {
    rmSync(holder, { force: true });
    release();
  }
}

const holderFile = ({ policy }: ServerPaths): string => `${policy}.holder`;

async function takeLock(paths: ServerPaths): Promise<() => void> {
  // SQLite is slow to load, and the other commands on policies need none.
  const { holdLedger } = await import("../ledger/ledger-lock.ts");
  try {
    return holdLedger(paths.policy);
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause;
    throw new OperatorError(`the policy is taken: ${readHolder(paths)}; nothing was changed`, {
      hint: "wait until that has ended, then run it again",
      exitCode: EXIT.unhealthy,
      cause,
    });
  }
}

function readHolder(paths: ServerPaths): string {
  try {
    return printable(readFileSync(holderFile(paths), "utf8"));
  } catch {
    return "somebody else edits or applies it";
  }
}
