import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findIdle, stampOf } from "../../../client/agent/idle.ts";
import { pathsUnder } from "../../../client/agent/paths.ts";
import { makeRoot, put } from "./scratch.ts";

const NOW = Date.parse("2026-06-01T12:00:00Z");
const WAKE = "2026-06-01T13:00:00Z";

function idleRoot(change: Record<string, unknown> = {}) {
  const root = makeRoot();
  put(root, "etc/key", "key");
  const path = join(root, "etc/key");
  const gone = join(root, "etc/gone");
  const stamps = [
    { path, stamp: stampOf(path) },
    { path: gone, stamp: "" },
  ];
  const state = { wake: WAKE, written: "2026-06-01T12:00:00Z", exit: 3, stamps, ...change };
  put(root, "var/lib/keyclient/state.json", JSON.stringify(state));
  return root;
}

test("with nothing changed and nothing due a tick ends as the last run did", () => {
  expect(findIdle(pathsUnder(idleRoot()), NOW)).toEqual({ wake: WAKE, exit: 3 });
});

test.for([
  { name: "the time has come", now: Date.parse(WAKE) },
  { name: "the clock was set back", now: NOW - 1 },
  { name: "the clock was set back to 1970", now: 0 },
])("no rest when $name", ({ now }) => {
  expect(findIdle(pathsUnder(idleRoot()), now)).toBe(undefined);
});

test.for([
  {
    name: "a watched file was changed",
    spoil: (root: string) => writeFileSync(join(root, "etc/key"), "KEY!"),
  },
  { name: "a watched file is gone", spoil: (root: string) => rmSync(join(root, "etc/key")) },
  { name: "a watched file appeared", spoil: (root: string) => put(root, "etc/gone", "") },
  {
    name: "a run was cut short",
    spoil: (root: string) => put(root, "var/lib/keyclient/lock", "1 1"),
  },
  {
    name: "there is no state",
    spoil: (root: string) => rmSync(join(root, "var/lib/keyclient/state.json")),
  },
  {
    name: "the state is cut short",
    spoil: (root: string) => put(root, "var/lib/keyclient/state.json", '{"wake":'),
  },
])("no rest when $name", ({ spoil }) => {
  const root = idleRoot();
  spoil(root);
  expect(findIdle(pathsUnder(root), NOW)).toBe(undefined);
});

test.for([
  { wake: undefined },
  { wake: "soon" },
  { wake: 5 },
  { written: "then" },
  { exit: "0" },
  { stamps: undefined },
  { stamps: {} },
  { stamps: [null] },
  { stamps: [{ path: "/etc/passwd" }] },
])("no rest on a state with %j", (change) => {
  expect(findIdle(pathsUnder(idleRoot(change)), NOW)).toBe(undefined);
});
