import { inspect } from "node:util";
import { expect, test } from "vitest";
import fc from "fast-check";
import { KeysystemError } from "../../../protocol/problems.ts";
import { createPasswordAuthenticator } from "../../../server/authenticate/password.ts";
import { DirectoryError } from "../../../server/directory/directory.ts";

const SECRET = "pässword: with a colon";
const base64 = (bytes: string | Buffer): string => Buffer.from(bytes).toString("base64");

type Asked = readonly [user: string, password: string];

/** A door whose directory knows alice, is down for the user `outage`, and remembers what it was asked. */
function start(): {
  readonly check: (credentials: string, from?: string) => Promise<string>;
  readonly asked: readonly Asked[];
  readonly wait: (seconds: number) => void;
} {
  const asked: Asked[] = [];
  let now = 0;
  const check = createPasswordAuthenticator({
    directory: {
      checkPassword: async (user, password) => {
        asked.push([user, password]);
        await Promise.resolve();
        if (user === "outage") throw new DirectoryError("ldap.example.edu does not answer");
        return user === "alice" && password === SECRET ? { user, groups: ["staff"] } : undefined;
      },
    },
    now: () => now,
  });
  return {
    check: (credentials, from = "127.0.0.1") => check(credentials, from),
    asked,
    wait: (seconds) => {
      now += seconds;
    },
  };
}

/** The code of the refusal. */
const codeOf = (answer: Promise<string>): Promise<string> =>
  answer.then(
    (user) => `taken: ${user}`,
    (error: unknown) => (error instanceof KeysystemError ? error.code : inspect(error)),
  );

const wrong = (user: string): string => base64(`${user}:wrong`);

test("the name ends at the first colon, and the password is taken whole (RFC 7617 §2)", async () => {
  const { check, asked } = start();
  expect(await check(base64(`alice:${SECRET}`))).toBe("alice");
  expect(asked).toEqual([["alice", SECRET]]);
});

test.each<readonly [string, string | Buffer]>([
  ["nothing", ""],
  ["no colon", "alice"],
  ["an empty password, which LDAP would take for nobody's (RFC 4513 §5.1.2)", "alice:"],
  ["an empty name", ":secret"],
  ["a NUL in the password", "alice:secret\0"],
  ["a NUL in the name", "alice\0:secret"],
  ["a line end in the name", "alice\n:secret"],
  ["an escape in the name", "al\u001bice:secret"],
  ["a C1 control in the name", "al\u009bice:secret"],
  ["a line end at the end", "alice:secret\n"],
  ["bytes that are not UTF-8", Buffer.from("616c6963653affff", "hex")],
  ["UTF-8 that is too long", Buffer.from("c1a13a736563726574", "hex")],
  ["half a surrogate pair", Buffer.from("616c6963653aeda080", "hex")],
  ["a byte order mark before the name", Buffer.from("efbbbf0a3a61", "hex")],
  ["a name of 129 characters", `${"a".repeat(129)}:secret`],
  ["a password of 1025 characters", `alice:${"p".repeat(1025)}`],
])("%s is refused before the directory is asked", async (_, credentials) => {
  const { check, asked } = start();
  expect(await codeOf(check(base64(credentials)))).toBe("auth.password");
  expect(asked).toEqual([]);
});

test("five wrong passwords of a person, and the sixth waits, from wherever it comes", async () => {
  const { check, asked, wait } = start();
  for (let last = 1; last <= 5; last += 1)
    expect(await codeOf(check(wrong("alice"), `127.0.0.${last}`))).toBe("auth.password");
  // The right one too: whoever guesses does not learn that this was it.
  const right = base64(`alice:${SECRET}`);
  expect(await codeOf(check(right, "127.0.0.6"))).toBe("auth.attempts");
  await expect(check(right, "127.0.0.6")).rejects.toThrow(
    "too many wrong passwords; wait 300 s, or use Kerberos",
  );
  expect(asked).toHaveLength(5);
  wait(300);
  expect(await check(right, "127.0.0.6")).toBe("alice");
});

test("twenty that come at once are five that are asked about", async () => {
  const { check, asked } = start();
  const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(check(wrong("alice")))));
  expect(codes.filter((code) => code === "auth.password")).toHaveLength(5);
  expect(codes.filter((code) => code === "auth.attempts")).toHaveLength(15);
  expect(asked).toHaveLength(5);
});

test.each([
  ["an IPv4 address", ["127.0.0.1"]],
  ["a network of IPv6", ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2:3:4:5:6"]],
  ["the first network of IPv6", ["::1", "::2", "0:0:0:0:1::"]],
])("twenty people from %s, and the next waits", async (_, places) => {
  const { check } = start();
  const from = (count: number): string => places[count % places.length] ?? "";
  for (let count = 0; count < 20; count += 1)
    expect(await codeOf(check(wrong(`user-${count}`), from(count)))).toBe("auth.password");
  expect(await codeOf(check(wrong("somebody"), from(20)))).toBe("auth.attempts");
  expect(await codeOf(check(wrong("somebody"), "2001:db8:1:3::1"))).toBe("auth.password");
});

test("an address that waits takes nothing from the people it asks for", async () => {
  const { check } = start();
  for (let count = 0; count < 20; count += 1) await codeOf(check(wrong(`user-${count}`)));
  for (let count = 0; count < 9; count += 1) await codeOf(check(wrong("alice")));
  expect(await check(base64(`alice:${SECRET}`), "127.0.0.2")).toBe("alice");
});

test("a person who waits takes nothing from the address", async () => {
  const { check } = start();
  for (let count = 0; count < 50; count += 1) await codeOf(check(wrong("bob")));
  expect(await check(base64(`alice:${SECRET}`))).toBe("alice");
});

test("right ones and outages are not counted; neither gives back what was wrong", async () => {
  const { check } = start();
  for (let count = 0; count < 30; count += 1) {
    expect(await check(base64(`alice:${SECRET}`))).toBe("alice");
    expect(await codeOf(check(wrong("outage")))).toBe("directory.unavailable");
  }
  for (let count = 0; count < 4; count += 1) await codeOf(check(wrong("alice")));
  await check(base64(`alice:${SECRET}`));
  await codeOf(check(wrong("alice")));
  expect(await codeOf(check(base64(`alice:${SECRET}`)))).toBe("auth.attempts");
});

test("what is not even a name counts for nobody", async () => {
  const { check } = start();
  for (let count = 0; count < 50; count += 1) await codeOf(check(base64("alice:\0")));
  expect(await check(base64(`alice:${SECRET}`))).toBe("alice");
});

test("no error holds the name or the password, whatever they are", async () => {
  const text = fc.string({ minLength: 8, maxLength: 40, unit: "grapheme" });
  await fc.assert(
    fc.asyncProperty(text, text, async (user, password) => {
      const { check, asked } = start();
      const error: unknown = await check(base64(`${user}:${password}`)).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(KeysystemError);
      const shown = inspect(error, { depth: 9, showHidden: true });
      expect(shown).not.toContain(password);
      for (const [name, secret] of asked) expect(`${name}:${secret}`).toBe(`${user}:${password}`);
    }),
    { numRuns: 300 },
  );
});
