import { KeysystemError } from "../../protocol/problems.ts";
import { type Directory, DirectoryError } from "../directory/directory.ts";
import { type Attempts, createAttempts } from "./attempts.ts";

export type PasswordDeps = {
  readonly directory: Pick<Directory, "checkPassword">;
  /** Seconds since 1970. */
  readonly now: () => number;
};

/** Wrong passwords that are taken for one person, and from one address. */
const PER_PERSON = { most: 5, seconds: 300 } as const;
const PER_ADDRESS = { most: 20, seconds: 300 } as const;

/**
 * Checks the credentials of `Basic` (RFC 7617 §2, UTF-8) with the directory, and gives the user's name.
 *
 * @throws KeysystemError `auth.password` for whatever is wrong with name or password, `auth.attempts` after too many,
 * `directory.unavailable`. None of them says which of the two was wrong, or holds either.
 */
export function createPasswordAuthenticator({
  directory,
  now,
}: PasswordDeps): (credentials: string, from: string) => Promise<string> {
  const people = createAttempts(PER_PERSON, now);
  const addresses = createAttempts(PER_ADDRESS, now);
  return async (credentials, from) => {
    const { user, password } = parseBasic(credentials);
    const taken = [
      { attempts: addresses, name: networkOf(from) },
      { attempts: people, name: user },
    ];
    takeAll(taken);
    const refund = (): void => taken.forEach(({ attempts, name }) => attempts.refund(name));
    const entry = await ask(directory, user, password).catch((error: unknown) => {
      // No verdict is no wrong password.
      refund();
      throw error;
    });
    if (entry === undefined) throw refused();
    refund();
    return entry.user;
  };
}

type Taking = { readonly attempts: Attempts; readonly name: string };

function takeAll(takings: readonly Taking[]): void {
  takings.forEach(({ attempts, name }, at) => {
    const wait = attempts.take(name);
    if (wait === undefined) return;
    for (const before of takings.slice(0, at)) before.attempts.refund(before.name);
    throw new KeysystemError(
      "auth.attempts",
      `too many wrong passwords; wait ${wait} s, or use Kerberos`,
      { retryAfter: wait },
    );
  });
}

async function ask(
  directory: PasswordDeps["directory"],
  user: string,
  password: string,
): ReturnType<Directory["checkPassword"]> {
  try {
    return await directory.checkPassword(user, password);
  } catch (cause) {
    if (!(cause instanceof DirectoryError)) throw cause;
    // It answered, and cannot say who this is; asking again does not help.
    if (cause.concern === "person") throw refused({ cause });
    throw new KeysystemError("directory.unavailable", cause.message, { cause });
  }
}

/** The user's name ends at the first colon (RFC 7617 §2); neither part may hold control characters. */
function parseBasic(credentials: string): { readonly user: string; readonly password: string } {
  const bytes = Buffer.from(credentials, "base64");
  const text = bytes.toString("utf8");
  const [, user, password] = /^([^:\p{Cc}]{1,128}):(\P{Cc}{1,1024})$/u.exec(text) ?? [];
  if (user === undefined || password === undefined) throw refused();
  if (!Buffer.from(text).equals(bytes)) throw refused();
  return { user, password };
}

const refused = (options?: ErrorOptions): KeysystemError =>
  new KeysystemError("auth.password", "the user name or the password is not accepted", options);

/** Whoever has one IPv6 address has its /64. */
const networkOf = (address: string): string =>
  address.includes(":") ? expand(address).slice(0, 4).join(":") : address;

function expand(address: string): readonly string[] {
  const [head = "", tail] = address.split("::");
  const front = head === "" ? [] : head.split(":");
  if (tail === undefined) return front;
  const back = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  return [...front, ...zeros, ...back];
}
