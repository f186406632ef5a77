import fc from "fast-check";
import { expect, test } from "vitest";
import { addSetback, triedAgainAt, waitAfter } from "../../../client/agent/back-off.ts";
import { dueAt, spreadOf } from "../../../client/agent/schedule.ts";

const DAY = 86_400;
const at = (text: string): number => Date.parse(text);
const window = {
  grant: "etcd-server",
  issued: "2026-01-01T00:00:00Z",
  renewAfter: "2026-01-21T00:00:00Z",
  renewBefore: "2026-01-23T00:00:00Z",
};

test("a certificate is renewed inside its window, always at the same place", () => {
  const names = fc.string({ minLength: 1 });
  const inside = fc.property(names, names, (node, grant) => {
    const due = dueAt(node, { ...window, grant }, undefined);
    expect(due).toBeGreaterThanOrEqual(at(window.renewAfter));
    expect(due).toBeLessThan(at(window.renewBefore));
    expect(dueAt(node, { ...window, grant }, undefined)).toBe(due);
  });
  fc.assert(inside);
});

test("nodes are spread over the whole window", () => {
  const places = Array.from({ length: 200 }, (_, node) => spreadOf(`w${node}`, "kubelet"));
  const tenths = new Set(places.map((place) => Math.floor(place * 10)));
  expect(tenths.size).toBe(10);
});

test.for([
  { called: undefined, want: "in the window" },
  // issued after the operator called: it is the new one
  { called: "2025-12-31T00:00:00Z", want: "in the window" },
  { called: "2026-01-01T00:00:00Z", want: "in the window" },
  { called: "2026-01-01T00:00:01Z", want: "2026-01-01T00:01:00Z" },
  { called: "2026-01-10T00:00:00Z", want: "2026-01-01T00:01:00Z" },
  { called: "not a time", want: "in the window" },
])("renewals called forward to $called: $want", ({ called, want }) => {
  const offer = called === undefined ? {} : { renewIssuedBefore: called };
  const due = dueAt("w1", window, offer);
  if (want === "in the window") expect(due).toBe(dueAt("w1", window, undefined));
  else expect(due).toBe(at(want));
});

const calm = { now: 0, end: undefined, random: 0, code: "local" };
const silent = { ...calm, code: "unreachable" };
const denied = { ...calm, code: "policy.not_granted" };

test.for([
  { name: "first failure", back: { ...calm, count: 1 }, want: 60 },
  { name: "second", back: { ...calm, count: 2 }, want: 120 },
  { name: "third", back: { ...calm, count: 3 }, want: 240 },
  { name: "many", back: { ...calm, count: 1000 }, want: 300 },
  { name: "chance adds up to a half", back: { ...calm, count: 2, random: 0.999 }, want: 180 },
  { name: "never more than a tick", back: { ...calm, count: 99, random: 0.999 }, want: 300 },
  { name: "near the end", back: { ...calm, count: 9, end: 20 * 60_000 }, want: 240 },
  { name: "at the very end", back: { ...calm, count: 9, end: 10_000 }, want: 60 },
  { name: "after the end", back: { ...calm, count: 9, end: -1 }, want: 300 },
  { name: "a server that is busy", back: { ...calm, count: 4, code: "server.busy" }, want: 300 },
  { name: "nobody answers", back: { ...silent, count: 1 }, want: 60 },
  { name: "nobody answers, by chance", back: { ...silent, count: 1, random: 0.5 }, want: 60 },
  { name: "still nobody", back: { ...silent, count: 2, random: 0.999 }, want: 60 },
  { name: "nobody for a day", back: { ...silent, count: 1440, random: 0.5 }, want: 60 },
  { name: "refused by policy", back: { ...denied, count: 1 }, want: 900 },
  { name: "refused again", back: { ...denied, count: 50 }, want: 900 },
])("back-off, $name: $want s", ({ back, want }) => {
  expect(Math.round(waitAfter(back))).toBe(want);
});

test("no failure is ever followed by another request within a minute", () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const numbers = fc.integer({ min: -DAY * 1000, max: 400 * DAY * 1000 });
  const never = fc.property(
    fc.integer({ min: 1, max: 5000 }),
    random,
    fc.option(numbers, { nil: undefined }),
    fc.constantFrom("policy.not_granted", "local", "unreachable", "auth.suspended", "internal"),
    (count, chance, end, code) => {
      const before = {
        code,
        message: "",
        since: "1970-01-01T00:00:00Z",
        count: count - 1,
        next: "",
      };
      const mishap = { code, message: "" };
      const { next } = addSetback(before, mishap, { now: 0, end, random: chance });
      expect(at(next)).toBeGreaterThanOrEqual(60_000);
      expect(at(next)).toBeLessThanOrEqual(902_000);
    },
  );
  fc.assert(never);
});

test.for([
  { next: "2026-01-01T00:00:30Z", want: "2026-01-01T00:00:30Z" },
  { next: "2025-12-31T00:00:00Z", want: "2025-12-31T00:00:00Z" },
  { next: "2026-01-01T00:15:01Z", want: "2026-01-01T00:15:01Z" },
  // written while the clock was ahead
  { next: "2026-01-01T01:00:00Z", want: "now" },
  { next: "2036-01-01T00:00:00Z", want: "now" },
])("at midnight a setback until $next is over at $want", ({ next, want }) => {
  const now = at("2026-01-01T00:00:00Z");
  expect(triedAgainAt({ next }, now)).toBe(want === "now" ? now : at(want));
});

test("a setback remembers when its reason began, and another reason begins anew", () => {
  const chance = { now: at("2026-01-01T00:00:00Z"), end: undefined, random: 0 };
  const first = addSetback(undefined, { code: "local", message: "a" }, chance);
  const later = { ...chance, now: at("2026-01-01T01:00:00Z") };
  expect(addSetback(first, { code: "local", message: "b" }, later)).toMatchObject({
    since: "2026-01-01T00:00:00Z",
    message: "b",
    count: 2,
  });
  const other = addSetback(first, { code: "policy.never", message: "c" }, later);
  expect(other).toMatchObject({ since: "2026-01-01T01:00:00Z", count: 1 });
});
