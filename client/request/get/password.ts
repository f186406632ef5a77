import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { EXIT } from "../../../protocol/exit-codes.ts";
import { Failure, messageOf } from "../../terminal/failure.ts";
import type { RequestDeps } from "../deps.ts";

/** Where the password of a PKCS#12 file comes from. */
export type PasswordSource = {
  readonly passwordFile?: string;
  readonly generatePassword?: boolean;
};

/** A password, and whether the person knows it already. */
export type FilePassword = { readonly password: string; readonly isGenerated: boolean };

/**
 * The password for a new PKCS#12 file: generated, the first line of a file, or typed twice.
 *
 * @throws Failure
 */
export async function findPassword(
  { terminal }: Pick<RequestDeps, "terminal">,
  { passwordFile, generatePassword }: PasswordSource,
): Promise<FilePassword> {
  if (generatePassword === true) return { password: generate(randomBytes(24)), isGenerated: true };
  const password =
    passwordFile === undefined ? await askTwice(terminal) : readPassword(passwordFile);
  return { password: checkPassword(password), isGenerated: false };
}

/** Letters and digits that nobody takes for others: 32, so that each is worth 5 bits. */
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";

/** 24 characters in groups of six, 120 bits; `random` is 24 random bytes. */
const generate = (random: Uint8Array): string =>
  [...random]
    .map((byte) => LETTERS.charAt(byte % LETTERS.length))
    .join("")
    .replaceAll(/.{6}(?=.)/g, "$&-");

async function askTwice(terminal: RequestDeps["terminal"]): Promise<string> {
  if (!terminal.isInteractive()) {
    throw new Failure(EXIT.unauthenticated, "there is no terminal to ask for a password on", [
      "--generate-password      or  --password-file FILE",
    ]);
  }
  const first = await terminal.askSecret("password for the file: ");
  if ((await terminal.askSecret("the same again: ")) === first) return first;
  throw refuse("the two passwords differ");
}

function readPassword(path: string): string {
  try {
    return readFileSync(path, "utf8").split(/\r?\n/, 1)[0] ?? "";
  } catch (error) {
    throw new Failure(EXIT.usage, `--password-file: ${messageOf(error)}`, [`ls -l ${path}`], {
      cause: error,
    });
  }
}

const LONGEST = 256;

function checkPassword(password: string): string {
  if (password === "") throw refuse("the password is empty");
  if (password.length > LONGEST) throw refuse(`the password is longer than ${LONGEST} characters`);
  if (/\p{Cc}|\p{Cs}/u.test(password)) throw refuse("the password holds a control character");
  return password;
}

const refuse = (message: string): Failure =>
  new Failure(EXIT.usage, `${message}; nothing was asked for`, [
    "again, or let one be made:  --generate-password",
  ]);
