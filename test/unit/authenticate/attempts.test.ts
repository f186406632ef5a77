import { expect, test } from "vitest";
import { createAttempts } from "../../../server/authenticate/attempts.ts";

/** Attempts, five in five minutes, on a clock that the test moves. */
function start(): {
  readonly take: (name: string) => number | undefined;
  readonly refund: (name: string) => void;
  readonly wait: (seconds: number) => void;
  readonly takeAll: (name: string) => void;
} {
  let now = 1_000_000;
  const attempts = createAttempts({ most: 5, seconds: 300 }, () => now);
  return {
    ...attempts,
    wait: (seconds) => {
      now += seconds;
    },
    takeAll: (name) => Array.from({ length: 5 }, () => attempts.take(name)),
  };
}

test("five are taken and the sixth has to wait for the end of the window", () => {
  const { take, wait } = start();
  expect([1, 2, 3, 4, 5].map(() => take("alice"))).toEqual(Array(5).fill(undefined));
  expect(take("alice")).toBe(300);
  wait(299);
  expect(take("alice")).toBe(1);
});

test("the window begins with the first, and its end gives all five back at once", () => {
  const { take, wait, takeAll } = start();
  take("alice");
  wait(200);
  takeAll("alice");
  expect(take("alice")).toBe(100);
  wait(100);
  expect([1, 2, 3, 4, 5].map(() => take("alice"))).toEqual(Array(5).fill(undefined));
  expect(take("alice")).toBe(300);
});

test("an attempt that is sent away makes nobody wait longer", () => {
  const { take, wait, takeAll } = start();
  takeAll("alice");
  wait(100);
  for (let count = 0; count < 50; count += 1) take("alice");
  expect(take("alice")).toBe(200);
  wait(200);
  expect(take("alice")).toBeUndefined();
});

test("one name says nothing of another, whatever the names are", () => {
  const { take, takeAll } = start();
  takeAll("__proto__");
  takeAll("");
  for (const name of ["alice", "constructor", "Alice", "alice "])
    expect(take(name), name).toBeUndefined();
  expect(take("__proto__")).toBe(300);
  expect(take("")).toBe(300);
});

test("what is given back can be taken again, and never more than was taken", () => {
  const { take, refund, takeAll } = start();
  for (let count = 0; count < 20; count += 1) {
    expect(take("alice")).toBeUndefined();
    refund("alice");
  }
  refund("alice");
  refund("nobody");
  takeAll("alice");
  expect(take("alice")).toBe(300);
  takeAll("nobody");
  expect(take("nobody")).toBe(300);
});

test("attempts that are under way count as if they had failed", () => {
  const { take, refund } = start();
  const taken = Array.from({ length: 100 }, () => take("alice"));
  expect(taken.filter((wait) => wait === undefined)).toHaveLength(5);
  refund("alice");
  expect(take("alice")).toBeUndefined();
  expect(take("alice")).toBe(300);
});

test("names are bounded in number; whose window is oldest is forgotten first", () => {
  const { take, takeAll } = start();
  takeAll("first");
  takeAll("second");
  for (let count = 0; count < 9998; count += 1) take(`name-${count}`);
  expect(take("first")).toBe(300);
  take("one more");
  expect(take("second")).toBe(300);
  expect(take("first")).toBeUndefined();
});
