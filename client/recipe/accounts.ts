import { readFileSync } from "node:fs";
import { codeOfError } from "../terminal/failure.ts";

/** Looks up accounts by name; undefined where there is none. */
export type Accounts = {
  readonly user: (name: string) => { readonly uid: number; readonly gid: number } | undefined;
  readonly group: (name: string) => number | undefined;
};

/**
 * Accounts out of passwd(5) and group(5) files: those under the root where there are some, else the
 * machine's own.
 */
export function readAccounts(passwd: string, group: string): Accounts {
  const users = readEntries(passwd) ?? readEntries("/etc/passwd") ?? [];
  const groups = readEntries(group) ?? readEntries("/etc/group") ?? [];
  return {
    user: (name) => {
      const [, , uid, gid] = users.find((entry) => entry[0] === name) ?? [];
      return uid === undefined || gid === undefined
        ? undefined
        : { uid: Number(uid), gid: Number(gid) };
    },
    group: (name) => {
      const [, , gid] = groups.find((entry) => entry[0] === name) ?? [];
      return gid === undefined ? undefined : Number(gid);
    },
  };
}

function readEntries(file: string): readonly (readonly string[])[] | undefined {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .map((line) => line.split(":"));
  } catch (error) {
    if (codeOfError(error) === "ENOENT") return undefined;
    throw error;
  }
}
