import { type Account, becomeAccount, findAccount } from "../../keys/signer/account.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { messageOf } from "../../keys/signer/signer-error.ts";
import { OperatorError } from "./operator-error.ts";

/** A user and a group by number, with further groups. */
export type UserIds = Account;

/** Reads `UID:GID`, or looks a name up. @throws OperatorError when there is no such user */
export function findUser(name: string): UserIds {
  try {
    return findAccount(name);
  } catch (cause) {
    const hint = `create it: useradd --system --no-create-home --shell /usr/sbin/nologin ${name}`;
    throw new OperatorError(messageOf(cause), { hint, exitCode: EXIT.usage, cause });
  }
}

/** Whether this process is root, and so can become another user. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/** Becomes keyserver's user for good, in the signer's group too: that is what opens the signer's socket. */
export function becomeUser(server: UserIds, signer: UserIds): void {
  becomeAccount({ ...server, groups: [...server.groups, signer.gid] });
}
