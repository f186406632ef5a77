import { readFileSync } from "node:fs";
import { SignerError } from "./signer-error.ts";

/** A system account to become, with its supplementary groups. */
export type Account = {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
};

/**
 * Finds an account by its name in the local passwd and group files, or takes `uid:gid`.
 *
 * @throws SignerError when there is none, or it is root.
 */
export function findAccount(text: string): Account {
  const account = parseNumbers(text) ?? findByName(text);
  if (account === undefined) {
    throw new SignerError("configuration.invalid", `user: no account ${JSON.stringify(text)}`);
  }
  if (account.uid !== 0) return account;
  throw new SignerError("configuration.invalid", "user: is root, which is what it shall not be");
}

function parseNumbers(text: string): Account | undefined {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(text) ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid), groups: [] };
}

/** passwd(5) and group(5). */
function findByName(name: string): Account | undefined {
  const [, , uid, gid] = readRecords("/etc/passwd").find(([first]) => first === name) ?? [];
  if (uid === undefined) return undefined;
  const groups = readRecords("/etc/group")
    .filter(([, , , members = ""]) => members.split(",").includes(name))
    .map(([, , id]) => Number(id));
  return { uid: Number(uid), gid: Number(gid), groups };
}

const readRecords = (path: string): readonly (readonly string[])[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.split(":"));

/** Becomes an account for good: groups first, then group, then user. Needs root. */
export function becomeAccount({ uid, gid, groups }: Account): void {
  process.setgroups?.([gid, ...groups]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  if (process.getuid?.() === uid && process.getgid?.() === gid) return;
  throw new Error(`cannot become ${uid}:${gid}`);
}
