import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { clusterPlaces, placesOf } from "../../../client/request/places.ts";
import {
  forgetFreshness,
  freshnessOf,
  readFreshness,
  writeFreshness,
} from "../../../client/request/ssh/freshness.ts";
import { CHECKOUT } from "../../harness/source-tree.ts";
import { makePerson } from "./ssh-user.ts";

const NOW = Math.floor(Date.now() / 1000);

/** The front beside a keyreq that notes how it was called and ends with 9. */
function makeFront() {
  const person = makePerson();
  const bin = join(person.home, "bin dir");
  mkdirSync(bin);
  const front = join(bin, "keyreq-fresh");
  copyFileSync(join(CHECKOUT, "client/bin/keyreq-fresh"), front);
  const called = join(person.home, "called");
  writeFileSync(join(bin, "keyreq"), `#!/bin/sh\nprintf '%s|' "$@" >>'${called}'\nexit 9\n`);
  chmodSync(join(bin, "keyreq"), 0o755);
  const places = clusterPlaces(person.places, "hyades");
  const ask = (login: string, env: Record<string, string> = {}, data?: string) => {
    const args = ["hyades", login, ...(data === undefined ? [] : [data])];
    const { status, stderr } = spawnSync(front, args, {
      env: { HOME: person.home, PATH: process.env["PATH"] ?? "", ...env },
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    return status;
  };
  const calls = (): string => (existsSync(called) ? readFileSync(called, "utf8") : "");
  return { person, places, ask, calls };
}

const note = { end: NOW + 1000, margin: 300, grant: "ssh-root" };

test("a certificate that is good starts nothing", () => {
  const { person, places, ask, calls } = makeFront();
  writeFreshness(person, places, ["root", "cela"], note);
  expect([ask("root"), ask("cela")]).toEqual([0, 0]);
  expect(calls()).toBe("");
});

test.for([
  { what: "no note", text: undefined },
  { what: "ended", text: `${NOW - 1} 0 g\n` },
  { what: "ends within its margin", text: `${NOW + 200} 300 g\n` },
  { what: "empty", text: "" },
  { what: "words", text: "end margin g\n" },
  { what: "a formula", text: `${NOW}+9999 0 g\n` },
  { what: "a formula as margin", text: `${NOW + 1000} -9999 g\n` },
  { what: "an option of test", text: "-n = 1\n" },
  { what: "no end of the line", text: `${NOW + 1000} 300 g` },
])("$what: keyreq is asked, and its exit code counts", ({ text }) => {
  const { person, places, ask, calls } = makeFront();
  mkdirSync(places.expiry, { recursive: true });
  if (text !== undefined) writeFileSync(join(places.expiry, "root"), text);
  expect(ask("root")).toBe(9);
  const data = person.places.data;
  expect(calls()).toBe(`--cluster|hyades|--config|${data}|ssh|--ensure|--login=root|--quiet|`);
});

test.for([
  "",
  ".",
  "..",
  "../expiry/root",
  "/etc/passwd",
  "a b",
  "a\nb",
  "$(id)",
  "`id`",
  "a;b",
  "a'b",
  "-x/",
  "rööt",
])("login %j is never the name of a file", (login) => {
  const { person, places, ask, calls } = makeFront();
  writeFreshness(person, places, ["root"], note);
  expect(ask(login)).toBe(9);
  expect(calls()).toContain(`--login=${login}|`);
  writeFreshness(person, places, [login], note);
  expect(readFreshness(person, places, login)).toBeUndefined();
});

test("finds the folder as keyreq does, or where it is told", () => {
  const { person, ask } = makeFront();
  const elsewhere = join(person.home, "else where");
  for (const [env, data] of [
    [{ XDG_DATA_HOME: elsewhere }, undefined],
    [{ XDG_DATA_HOME: "relative" }, undefined],
    [{ XDG_DATA_HOME: "/nowhere" }, join(elsewhere, "keysystem")],
  ] as const) {
    const places = placesOf(person.home, env);
    const there = data === undefined ? places : { ...places, data };
    expect(ask("root", env, data)).toBe(9);
    writeFreshness({ ...person, places: there }, clusterPlaces(there, "hyades"), ["root"], note);
    expect(ask("root", env, data)).toBe(0);
    writeFreshness({ ...person, places: there }, clusterPlaces(there, "hyades"), ["root"], {
      ...note,
      end: 0,
    });
  }
});

test("a key in an agent counts while that agent is there and has not been started since", async () => {
  const { person, places, ask } = makeFront();
  const socket = join(person.home, "agent socket");
  const server = createServer().listen(socket);
  onTestFinished(() => void server.close());
  const file = join(places.expiry, "root");
  writeFreshness(person, places, ["root"], { ...note, socket });
  const inAgent = { SSH_AUTH_SOCK: socket };
  utimesSync(socket, NOW - 100, NOW - 100);
  expect(ask("root", inAgent)).toBe(0);
  expect(ask("root")).toBe(9);
  expect(ask("root", { SSH_AUTH_SOCK: `${socket}2` })).toBe(9);
  utimesSync(socket, NOW + 100, NOW + 100);
  expect(ask("root", inAgent)).toBe(9);
  writeFreshness(person, places, ["root"], { ...note, socket: file });
  utimesSync(file, NOW, NOW);
  expect(ask("root", { SSH_AUTH_SOCK: file })).toBe(9);
});

test("asks for nothing where it is told so", () => {
  const { person, places, ask, calls } = makeFront();
  writeFreshness(person, places, ["root"], note);
  expect(ask("root", { KEYREQ_ENSURE: "no" })).toBe(1);
  expect(calls()).toBe("");
});

test.for([
  { life: 600, margin: 60 },
  { life: 3600, margin: 300 },
  { life: 43_200, margin: 300 },
  { life: 5, margin: 0 },
])("a certificate of $life s is due $margin s before its end", ({ life, margin }) => {
  const times = { notBefore: 0, notAfter: life * 1000 };
  expect(freshnessOf({ ...times, grant: "g" }, undefined)).toEqual({
    end: life,
    margin,
    grant: "g",
  });
});

test("notes of a grant go with it, those of others stay", () => {
  const { person, places } = makeFront();
  writeFreshness(person, places, ["root", "cela"], note);
  writeFreshness(person, places, ["alice"], { ...note, grant: "ssh-login", socket: "/a b" });
  forgetFreshness(person, places, "ssh-root");
  expect(readFreshness(person, places, "root")).toBeUndefined();
  expect(readFreshness(person, places, "cela")).toBeUndefined();
  expect(readFreshness(person, places, "alice")).toEqual({
    ...note,
    grant: "ssh-login",
    socket: "/a b",
  });
});
