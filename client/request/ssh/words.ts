import { EXIT } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";

/** What ssh_config(5) or the shell that runs `Match exec` would read as something else than itself. */
const SPECIAL = /["'\\%$`*?[\]{}!]|\p{C}/u;

/**
 * A path as a word of ssh_config(5), in quotes.
 *
 * @throws Failure for a path that the file cannot hold in every version of OpenSSH.
 */
export function quotePath(path: string): string {
  return `"${checkPath(path)}"`;
}

/** The path, when it can stand between quotes in ssh_config(5) and in a shell. @throws Failure */
export function checkPath(path: string): string {
  const found = SPECIAL.exec(path);
  if (found === null) return path;
  throw new Failure(
    EXIT.usage,
    `${JSON.stringify(path)} holds ${JSON.stringify(found[0])}, which ssh_config(5) cannot`,
    ["keep it elsewhere:  XDG_DATA_HOME=DIR keyreq setup URL --pin PIN"],
  );
}

/** Whether a name is one that a pattern of ssh_config(5) means itself by. */
export const isPlainPattern = (name: string): boolean =>
  /^[A-Za-z0-9._][A-Za-z0-9._-]*$/.test(name);
