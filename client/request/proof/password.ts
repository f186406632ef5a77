import { EXIT } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { RequestDeps } from "../deps.ts";

/**
 * `Basic …` (RFC 7617) with a password that was typed without echo, or came on standard input.
 *
 * @throws Failure for a name or a password that cannot be sent.
 */
export async function askPassword({
  how,
  terminal,
  readStdin,
}: Pick<RequestDeps, "how" | "terminal" | "readStdin">): Promise<string> {
  if (how.kind !== "password") throw new TypeError("no password is wanted");
  const { user } = how;
  if (user === "" || /[:\p{Cc}]/u.test(user)) {
    throw refuse(`${JSON.stringify(user)} is no user name`, "keyreq --ldap=USER …");
  }
  const password =
    how.from === "stdin"
      ? (await readStdin()).replace(/\r?\n$/, "")
      : await terminal.askSecret(`password of ${user}: `);
  if (password === "")
    throw refuse("the password is empty", "type it, or give it on standard input");
  if (/\p{Cc}/u.test(password)) {
    throw refuse("the password holds a control character", "type it, or give it as one line");
  }
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

const refuse = (message: string, hint: string): Failure =>
  new Failure(EXIT.unauthenticated, message, [hint]);
