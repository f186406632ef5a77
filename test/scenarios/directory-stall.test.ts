import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Directory, PersonName } from "../../server/directory/directory.ts";
import { createFactFinder } from "../../server/directory/facts.ts";
import type { LdapConfig } from "../../server/directory/ldap-config.ts";
import { createLdapDirectory } from "../../server/directory/ldap-directory.ts";
import { MOST_CONNECTIONS, MOST_WAITING } from "../../server/directory/question.ts";
import { runOk } from "../harness/command.ts";
import { personDn } from "../harness/directory-entries.ts";
import {
  answerAll,
  type Behaviour,
  BIND,
  formatEntry,
  formatResult,
  type HostileLdap,
  searches,
  startHostileLdap,
} from "../harness/hostile-ldap.ts";
import { hostileConfigOf } from "../harness/ldap-config.ts";
import { makeTlsFiles, type TlsFiles } from "../harness/tls-files.ts";
import { waitFor } from "../harness/wait.ts";

const folder = mkdtempSync(join(tmpdir(), "directory-stall-"));
const alice = { kind: "user", user: "alice" } as const;
const person = (number: number): PersonName => ({ kind: "user", user: `u${number}` });
let tls: TlsFiles;

beforeAll(async () => {
  tls = await makeTlsFiles(join(folder, "tls"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const connect = ({ port }: HostileLdap, changes: Partial<LdapConfig> = {}): Directory =>
  createLdapDirectory(hostileConfigOf(port, tls, { timeout: 1, ...changes }), {
    warn: () => undefined,
  });

/** What a directory can do to keep others waiting, each within TLS, before it, or instead of it. */
const STALLS: readonly (readonly [string, Partial<Behaviour>])[] = [
  ["says nothing, not even TLS", { immediate: false }],
  ["never answers a bind", { onSecure: () => undefined }],
  ["never answers a question", {}],
  ["sends a byte now and then", { onSecure: searches((id, wire) => trickle(id, wire)) }],
  ["sends entries now and then", { onSecure: searches((id, wire) => trickle(id, wire, 300)) }],
];

function trickle(id: number, wire: Parameters<ReturnType<typeof searches>>[1], size = 1): void {
  const answer = formatEntry(id, personDn("alice"), { uid: ["alice"], note: ["x".repeat(3000)] });
  let at = 0;
  const timer = setInterval(() => {
    wire.send(answer.subarray(at, at + size));
    at += size;
    if (at > answer.length) clearInterval(timer);
  }, 100).unref();
}

describe.for(STALLS)("a directory that %s", ([, behaviour]) => {
  test("costs the asker its time, and others nothing", async () => {
    await using slow = await startHostileLdap({ tls, immediate: true, ...behaviour });
    await using quick = await startHostileLdap({ tls, immediate: true, onSecure: answerAll });
    const [stalled, other] = [connect(slow), connect(quick, { timeout: 30 })];
    const order: string[] = [];
    const waiting = stalled.findPerson(alice).catch(({ message }: Error) => order.push(message));
    const check = stalled.checkPassword("alice", "x").catch(() => order.push("password"));
    for (let count = 0; count < 20; count += 1) await other.findPerson(alice);
    order.push("others");
    await Promise.all([waiting, check]);
    expect(order[0]).toBe("others");
    expect(order).toContain("localhost does not answer (timed out after 1 s)");
    await Promise.all([stalled.close(), other.close()]);
  });

  test("gets four connections and 64 that wait; everyone else is refused at once", async () => {
    await using slow = await startHostileLdap({ tls, immediate: true, ...behaviour });
    const directory = connect(slow);
    const order: string[] = [];
    const ask = async (number: number): Promise<void> => {
      const error: unknown = await directory
        .findPerson(person(number))
        .catch((found: unknown) => found);
      order.push(error instanceof Error ? error.message : "answered");
    };
    const all = Array.from({ length: MOST_CONNECTIONS + MOST_WAITING + 10 }, (_, at) => ask(at));
    await Promise.all(all);
    const busy = "localhost is asked too much at once; try again in a second";
    expect(order.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => busy));
    expect(new Set(order.slice(10))).toEqual(
      new Set(["localhost does not answer (timed out after 1 s)"]),
    );
    // The server may hear of a connection's end after the beginning of the next.
    expect(slow.peak()).toBeLessThanOrEqual(2 * MOST_CONNECTIONS);
    await directory.close();
  });
});

describe("connections", () => {
  test("are kept for the next question", async () => {
    await using server = await startHostileLdap({ tls, immediate: true, onSecure: answerAll });
    const directory = connect(server, { timeout: 30 });
    for (let count = 0; count < 20; count += 1) await directory.findPerson(alice);
    expect(server.connections()).toBe(1);
    await Promise.all(Array.from({ length: 40 }, () => directory.findPerson(alice)));
    expect(server.connections()).toBeLessThanOrEqual(MOST_CONNECTIONS);
    await directory.close();
  });

  test("on which a person's password was checked are not", async () => {
    await using server = await startHostileLdap({ tls, immediate: true, onSecure: answerAll });
    const directory = connect(server, { timeout: 30 });
    for (let count = 0; count < 5; count += 1) await directory.checkPassword("alice", "x");
    expect(server.connections()).toBe(1 + 5);
    await directory.close();
  });

  test("that stall are given up, and the next question gets another", async () => {
    let isStalled = true;
    await using server = await startHostileLdap({
      tls,
      immediate: true,
      onSecure: searches((id, wire) => {
        if (!isStalled) wire.send(formatResult(id, 0x65, 0));
      }),
    });
    const directory = connect(server);
    await expect(directory.findPerson(alice)).rejects.toThrow("timed out");
    isStalled = false;
    expect(await directory.findPerson(alice)).toBeUndefined();
    expect(server.connections()).toBe(2);
    await directory.close();
  });

  test("that stalled leave their places to others", async () => {
    let isStalled = true;
    await using server = await startHostileLdap({
      tls,
      immediate: true,
      onSecure: searches((id, wire) => {
        if (!isStalled) wire.send(formatResult(id, 0x65, 0));
      }),
    });
    const directory = connect(server);
    const all = Array.from({ length: MOST_CONNECTIONS }, (_, at) =>
      directory.findPerson(person(at)),
    );
    const stalled = await Promise.allSettled(all);
    expect(new Set(stalled.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    await waitFor("connections given up", () => server.open() === 0);
    isStalled = false;
    expect(await directory.findPerson(alice)).toBeUndefined();
    await directory.close();
  });

  test("on which something came that nobody asked for are not used again", async () => {
    await using server = await startHostileLdap({
      tls,
      immediate: true,
      onSecure: searches((id, wire) => {
        wire.send(formatResult(id, 0x65, 0));
        setTimeout(() => wire.send(formatResult(id, 0x65, 0)), 50);
      }),
    });
    const directory = connect(server, { timeout: 30 });
    await directory.findPerson(alice);
    await waitFor("the connection ended", () => server.open() === 0);
    expect(await directory.findPerson(alice)).toBeUndefined();
    expect(server.connections()).toBe(2);
    await directory.close();
  });

  test("that a kept one replaces are tried once and not for ever", async () => {
    let answers = 1;
    await using server = await startHostileLdap({
      tls,
      immediate: true,
      onSecure: searches((id, wire) => {
        answers -= 1;
        if (answers >= 0) wire.send(formatResult(id, 0x65, 0));
        else wire.end();
      }),
    });
    const directory = connect(server, { timeout: 30 });
    await directory.findPerson(alice);
    await expect(directory.findPerson(alice)).rejects.toThrow("ends connections");
    expect(server.connections()).toBe(2);
    await directory.close();
  });
});

describe("the time for an answer", () => {
  test("is one for all its steps", async () => {
    const late = (send: () => void): void => void setTimeout(send, 700);
    let binds = 0;
    await using server = await startHostileLdap({
      tls,
      immediate: true,
      onSecure(asked, wire) {
        binds += asked.operation === BIND ? 1 : 0;
        if (binds === 1 && asked.operation === BIND) answerAll(asked, wire);
        else late(() => answerAll(asked, wire));
      },
    });
    const directory = connect(server);
    await expect(directory.checkPassword("alice", "x")).rejects.toThrow("timed out after 1 s");
    expect(binds).toBe(2);
    await directory.close();
  });

  test("is over also while a file cannot be read", async () => {
    await using server = await startHostileLdap({ tls, immediate: true, onSecure: answerAll });
    const pipe = join(folder, "pipe");
    await runOk("mkfifo", [pipe]);
    const { bind } = hostileConfigOf(server.port, tls);
    const directory = connect(server, { bind: { ...bind, "password-file": pipe } });
    await expect(directory.probe()).rejects.toThrow("timed out after 1 s");
    // Lets the reading thread go.
    closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    await directory.close();
  });
});

test("an outage costs one waiting: who asks next hears of it at once", async () => {
  await using slow = await startHostileLdap({ tls, immediate: true });
  const directory = connect(slow);
  const find = createFactFinder({ directory, now: () => 1_000_000, monotonic: () => 0 });
  const limits = { maxAge: 300, useLast: 0 };
  const facts = await Promise.all(Array.from({ length: 200 }, () => find(alice, limits)));
  expect(new Set(facts.map(({ state }) => state))).toEqual(new Set(["unreachable"]));
  expect(slow.connections()).toBe(1);
  for (let number = 0; number < 200; number += 1) {
    expect(await find(person(number), limits)).toEqual({
      state: "unreachable",
      why: "localhost does not answer (timed out after 1 s)",
    });
  }
  expect(slow.connections()).toBe(1);
  await directory.close();
});
