import { describe, expect, test } from "vitest";
import {
  DirectoryError,
  type Entry,
  type PersonName,
} from "../../../server/directory/directory.ts";
import { createFactFinder, type FactFinder, MOST_PEOPLE } from "../../../server/directory/facts.ts";

const alice: PersonName = { kind: "user", user: "alice" };
const limits = { maxAge: 300, useLast: 0 };
const entry = (...groups: readonly string[]): Entry => ({ user: "alice", groups });

/** `nobody` for a directory that has no such person. */
type Reply = Entry | "nobody" | Error | Promise<Entry | undefined>;

/** A finder over replies that the test sets, and two clocks that it moves. */
function setUp(first: Reply = entry("staff")): {
  readonly find: FactFinder;
  readonly clock: { wall: number; steady: number };
  readonly asked: string[];
  readonly reply: (next: Reply) => void;
  /** Moves both clocks. */
  readonly pass: (seconds: number) => void;
} {
  const clock = { wall: 1_000_000, steady: 50 };
  const asked: string[] = [];
  let current: Reply = first;
  const find = createFactFinder({
    directory: {
      async findPerson(name) {
        asked.push(name.kind === "user" ? name.user : name.principal);
        if (current instanceof Error) throw current;
        return current === "nobody" ? undefined : current;
      },
    },
    now: () => clock.wall,
    monotonic: () => clock.steady,
  });
  return {
    find,
    clock,
    asked,
    reply: (next) => {
      current = next;
    },
    pass(seconds) {
      clock.wall += seconds;
      clock.steady += seconds;
    },
  };
}

const silence = new DirectoryError("ldap.example.edu does not answer");

describe("ages", () => {
  test("an answer is used until it is older than max-age, and then asked anew", async () => {
    const { find, asked, reply, pass } = setUp();
    await find(alice, limits);
    reply(entry());
    pass(300);
    expect(await find(alice, limits)).toEqual({
      state: "answered",
      entry: entry("staff"),
      age: 300,
    });
    pass(0.001);
    expect(await find(alice, limits)).toEqual({ state: "answered", entry: entry(), age: 0 });
    expect(asked.length).toBe(2);
  });

  test("nobody is an answer with an age too", async () => {
    const { find, asked, reply, pass } = setUp();
    reply("nobody");
    expect(await find(alice, limits)).toEqual({ state: "absent", age: 0 });
    reply(entry("staff"));
    pass(10);
    expect(await find(alice, limits)).toEqual({ state: "absent", age: 10 });
    expect(asked.length).toBe(1);
  });

  test("an answer counts from the question, however long it took", async () => {
    const { find, reply, pass } = setUp();
    const slow = Promise.withResolvers<Entry>();
    reply(slow.promise);
    const facts = find(alice, limits);
    pass(2);
    slow.resolve(entry("staff"));
    expect(await facts).toMatchObject({ age: 2 });
  });

  test("a clock that is set back makes no answer young", async () => {
    const { find, clock, asked, pass } = setUp();
    await find(alice, limits);
    pass(301);
    clock.wall -= 300;
    await find(alice, limits);
    expect(asked.length).toBe(2);
  });

  test("a clock that stood still while the machine slept makes none young either", async () => {
    const { find, clock, asked } = setUp();
    await find(alice, limits);
    clock.wall += 301;
    await find(alice, limits);
    expect(asked.length).toBe(2);
  });

  test("max-age 0 asks each time", async () => {
    const { find, asked, pass } = setUp();
    for (let turn = 0; turn < 3; turn += 1) {
      await find(alice, { maxAge: 0, useLast: 0 });
      pass(0.01);
    }
    expect(asked.length).toBe(3);
  });
});

describe("whose facts", () => {
  test("a user's are not those of a principal of that name, nor of another principal", async () => {
    const { find, asked } = setUp();
    await find(alice, limits);
    await find({ kind: "principal", principal: "alice", primary: "alice" }, limits);
    await find({ kind: "principal", principal: "alice@A", primary: "alice" }, limits);
    await find({ kind: "principal", principal: "alice@a", primary: "alice" }, limits);
    expect(asked).toEqual(["alice", "alice", "alice@A", "alice@a"]);
  });

  test("concurrent questions about one person are one", async () => {
    const { find, asked } = setUp();
    const all = await Promise.all(Array.from({ length: 50 }, () => find(alice, limits)));
    expect(new Set(all.map(({ state }) => state))).toEqual(new Set(["answered"]));
    expect(asked.length).toBe(1);
  });

  test("but none joins a question that is older than its max-age", async () => {
    const { find, asked, reply, pass } = setUp();
    const slow = Promise.withResolvers<Entry>();
    reply(slow.promise);
    const first = find(alice, limits);
    pass(2);
    reply(entry());
    expect(await find(alice, { maxAge: 1, useLast: 0 })).toMatchObject({ entry: entry() });
    slow.resolve(entry("staff"));
    await first;
    expect(asked.length).toBe(2);
    // and the older answer, which came later, does not replace the younger
    expect(await find(alice, limits)).toMatchObject({ entry: entry(), age: 0 });
  });

  test("4096 people are remembered, no more", async () => {
    const { find, asked } = setUp();
    for (let number = 0; number <= MOST_PEOPLE; number += 1) {
      await find({ kind: "user", user: `u${number}` }, limits);
    }
    await find({ kind: "user", user: "u1" }, limits);
    expect(asked.length).toBe(MOST_PEOPLE + 1);
    await find({ kind: "user", user: "u0" }, limits);
    expect(asked.length).toBe(MOST_PEOPLE + 2);
  });
});

describe("without an answer", () => {
  test("nothing is known of whom nobody asked about", async () => {
    const { find } = setUp(silence);
    expect(await find(alice, { maxAge: 300, useLast: 3600 })).toEqual({
      state: "unreachable",
      why: "ldap.example.edu does not answer",
    });
  });

  test("the last answer is kept for as long as the policy says, and not longer", async () => {
    const { find, reply, pass } = setUp();
    await find(alice, limits);
    reply(silence);
    pass(360);
    const useLast = { maxAge: 300, useLast: 3600 };
    expect(await find(alice, useLast)).toEqual({ state: "kept", entry: entry("staff"), age: 360 });
    pass(3240);
    expect(await find(alice, useLast)).toMatchObject({ state: "kept", age: 3600 });
    pass(1);
    expect(await find(alice, useLast)).toMatchObject({ state: "unreachable", silent: 3601 });
  });

  test("the last answer is not kept where the policy denies", async () => {
    const { find, reply, pass } = setUp();
    await find(alice, limits);
    reply(silence);
    pass(301);
    expect(await find(alice, limits)).toMatchObject({ state: "unreachable", silent: 301 });
  });

  test("a clock that is set back keeps no answer longer", async () => {
    const { find, reply, pass, clock } = setUp();
    await find(alice, limits);
    reply(silence);
    pass(3601);
    clock.wall -= 3600;
    expect(await find(alice, { maxAge: 300, useLast: 3600 })).toMatchObject({
      state: "unreachable",
    });
  });

  test("the directory is left alone for a second, and then asked again", async () => {
    const { find, asked, reply, pass } = setUp(silence);
    await find(alice, limits);
    pass(0.9);
    const bob = await find({ kind: "user", user: "bob" }, limits);
    expect(bob).toMatchObject({ state: "unreachable", why: silence.message });
    expect(asked.length).toBe(1);
    reply(entry("staff"));
    pass(0.1);
    expect(await find(alice, limits)).toMatchObject({ state: "answered" });
  });

  test("young answers are used meanwhile", async () => {
    const { find, reply, pass } = setUp();
    await find(alice, limits);
    reply(silence);
    await find({ kind: "user", user: "bob" }, limits);
    pass(0.5);
    expect(await find(alice, limits)).toMatchObject({ state: "answered", age: 0.5 });
  });

  test("one question that got stuck while others were answered is no outage", async () => {
    const { find, reply, pass } = setUp();
    const stuck = Promise.withResolvers<Entry>();
    reply(stuck.promise);
    const first = find(alice, limits);
    pass(2);
    reply({ user: "bob", groups: [] });
    await find({ kind: "user", user: "bob" }, limits);
    pass(1);
    stuck.reject(silence);
    expect(await first).toMatchObject({ state: "unreachable" });
    expect(await find({ kind: "user", user: "carol" }, limits)).toMatchObject({
      state: "answered",
    });
  });

  test("an entry that is not clear forgets what was known, and stops nobody else", async () => {
    const { find, reply, pass } = setUp();
    await find(alice, limits);
    reply(new DirectoryError("ldap has more than one entry", { concern: "person" }));
    pass(301);
    const useLast = { maxAge: 300, useLast: 3600 };
    expect(await find(alice, useLast)).toEqual({
      state: "unclear",
      why: "ldap has more than one entry",
    });
    reply({ user: "bob", groups: [] });
    expect(await find({ kind: "user", user: "bob" }, useLast)).toMatchObject({
      state: "answered",
    });
    reply(silence);
    expect(await find(alice, useLast)).toMatchObject({ state: "unreachable" });
  });

  test("too many questions stop nobody else", async () => {
    const { find, reply } = setUp(new DirectoryError("too many", { concern: "load" }));
    expect(await find(alice, limits)).toMatchObject({ state: "unreachable", why: "too many" });
    reply(entry());
    expect(await find(alice, limits)).toMatchObject({ state: "answered" });
  });

  test("an error of ours shows nothing of itself", async () => {
    const { find } = setUp(new TypeError("secret"));
    expect(JSON.stringify(await find(alice, limits))).not.toContain("secret");
  });
});
