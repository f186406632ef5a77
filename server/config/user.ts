import { execFileSync } from "node:child_process";
import { OperatorError } from "./operator-error.ts";

/** A user and a group by number. */
export type UserIds = { readonly uid: number; readonly gid: number };

/** Reads `UID:GID`, or looks a name up. @throws OperatorError when there is no such user */
export function findUser(name: string): UserIds {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(name) ?? [];
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  try {
    const entry = execFileSync("getent", ["passwd", "--", name], { encoding: "utf8" }).split(":");
    return { uid: Number(entry[2]), gid: Number(entry[3]) };
  } catch (cause) {
    const hint = `create it: useradd --system --no-create-home --shell /usr/sbin/nologin ${name}`;
    throw new OperatorError(`there is no user ${name} on this machine`, { hint, cause });
  }
}

/** Whether this process is root, and so can become another user. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/** Becomes `ids` for good, with no other groups. Nothing happens when the process is not root. */
export function becomeUser({ uid, gid }: UserIds): void {
  if (!isRoot()) return;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
