import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { buildProgram, runProgram, type GlobalFlags } from "../../../client/request/program.ts";
import { Failure } from "../../../client/terminal/failure.ts";
import { withPatience } from "../../../client/request/patience.ts";
import { makePerson } from "./person.ts";

const PROGRAM = join(import.meta.dirname, "../../../client/bin/keyreq");

/** What commander makes of a command line: arguments and flags of the command that would run. */
async function parse(args: readonly string[]) {
  const seen: { name: string; operands: unknown[]; flags: Record<string, unknown> }[] = [];
  const program = buildProgram(
    { open: () => ({ ...makePerson(), output: makePerson().output() }), stdout: () => undefined },
    () => undefined,
  );
  for (const command of program.commands) {
    command.action((...given: unknown[]) => {
      const operands = given.slice(0, -2);
      seen.push({ name: command.name(), operands, flags: command.opts() });
    });
  }
  await program.parseAsync([...args], { from: "user" });
  return seen[0];
}

describe("words for other programs", () => {
  test.for([
    {
      args: ["ssh", "--as", "root", "m2", "-p", "22", "--json", "ls", "--", "-la"],
      operands: ["m2", ["-p", "22", "--json", "ls", "--", "-la"]],
    },
    { args: ["ssh", "m2", "--as", "root"], operands: ["m2", ["--as", "root"]] },
    { args: ["ssh", "root@m2"], operands: ["root@m2", []] },
    {
      args: ["kube", "--", "kubectl", "get", "-A", "--json"],
      operands: [["kubectl", "get", "-A", "--json"]],
    },
    {
      args: ["kube", "--reason", "x", "--", "kubectl", "--reason"],
      operands: [["kubectl", "--reason"]],
    },
    { args: ["kube", "kubectl", "get", "-A"], operands: [["kubectl", "get", "-A"]] },
    { args: ["etcd", "--", "etcdctl", "--", "x"], operands: [["etcdctl", "--", "x"]] },
    { args: ["--quiet", "etcd", "--", "etcdctl", "--quiet"], operands: [["etcdctl", "--quiet"]] },
  ])("$args pass through as they are", async ({ args, operands }) => {
    expect((await parse(args))?.operands).toEqual(operands);
  });
  test("flags before the host are keyreq's", async () => {
    const seen = await parse(["ssh", "--as", "root", "--reason", "why", "--no-agent", "m2"]);
    expect(seen?.flags).toMatchObject({ as: "root", reason: "why", agent: false });
  });
});

/** The global flags that a command line comes to. */
async function globals(args: readonly string[]): Promise<GlobalFlags | undefined> {
  let seen: GlobalFlags | undefined;
  const person = makePerson();
  await runProgram(args, {
    open: (flags) => {
      seen = flags;
      return { deps: person.deps, output: person.output() };
    },
    stdout: () => undefined,
  });
  return seen;
}

describe("global flags", () => {
  test.for([
    { args: ["version"], flags: { color: true } },
    { args: ["--json", "version"], flags: { color: true, json: true } },
    { args: ["version", "--json"], flags: { color: true, json: true } },
    { args: ["version", "--no-color"], flags: { color: false } },
    { args: ["--no-color", "version"], flags: { color: false } },
    { args: ["--cluster", "a", "version", "--cluster", "b"], flags: { color: true, cluster: "b" } },
    { args: ["version", "--ldap"], flags: { color: true, ldap: true } },
    { args: ["version", "--ldap", "alice"], flags: { color: true, ldap: "alice" } },
    { args: ["--ldap=alice", "version"], flags: { color: true, ldap: "alice" } },
    { args: ["version", "--password-stdin"], flags: { color: true, passwordStdin: true } },
    { args: ["version", "--wait", "5m"], flags: { color: true, wait: "5m" } },
  ])("$args", async ({ args, flags }) => expect(await globals(args)).toEqual(flags));
});

describe("what is wrong with a command line ends with 2", () => {
  test.for([
    { args: ["whoam"], says: /unknown command 'whoam'/, hint: /did you mean whoami\?/ },
    {
      args: ["ssh", "--resaon", "x"],
      says: /unknown option '--resaon'/,
      hint: /did you mean --reason\?/,
    },
    { args: ["why"], says: /missing required argument/, hint: /^keyreq why --help$/ },
    { args: ["why", "a", "b"], says: /too many arguments/, hint: /^keyreq why --help$/ },
    { args: ["token", "w3", "--ttl", "soon"], says: /--ttl "soon" is no span/, hint: /1h/ },
    { args: ["version", "--wait", "soon"], says: /--wait "soon" is no span/, hint: /1h/ },
    { args: ["get", "x"], says: /required option '--out <dir>'/, hint: /^keyreq get --help$/ },
    { args: ["setup", "m1"], says: /required option '--pin <pin>'/, hint: /^keyreq setup --help$/ },
    {
      args: ["completion", "tcsh"],
      says: /Allowed choices are bash, zsh, fish/,
      hint: /^keyreq completion --help$/,
    },
  ])("$args", async ({ args, says, hint }) => {
    const failure = await globals(args).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      exit: 2,
      message: expect.stringMatching(says),
      hints: [expect.stringMatching(hint)],
    });
  });
});

describe("the program", () => {
  const keyreq = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    spawnSync(PROGRAM, args, { encoding: "utf8", env: { PATH: process.env["PATH"], ...env } });
  test("without a command says what there is", () => {
    const { status, stdout } = keyreq([]);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^Usage: keyreq/)]);
  });
  test("answers in one document, errors too", () => {
    const { home } = makePerson().deps.places;
    const { status, stdout, stderr } = keyreq(["whoami", "--json"], { HOME: join(home, "nobody") });
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      schema: 1,
      exit: 2,
      error: "no cluster is known here",
      hints: ["keyreq setup URL --pin PIN"],
    });
    expect(stderr).toMatch(/^keyreq: error: no cluster is known here\nkeyreq: hint: /);
  });
  test("takes its folder from --config", () => {
    const { places } = makePerson().deps;
    const { status, stdout } = keyreq(["status", "--json", "--config", places.data]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      clusters: [{ name: "hyades" }],
      credentials: [],
    });
  });
});

describe("--wait", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const soon = async <T>(work: Promise<T>): Promise<T> => {
    await vi.advanceTimersByTimeAsync(10_000);
    return work;
  };
  const outage = new Failure(4, "nobody answers", ["x"]);
  test("tries again while something is unreachable, and no other failure", async () => {
    const person = makePerson();
    let at = 0;
    const deps = { now: () => at };
    const errors = [outage, outage];
    const work = () => {
      at += 1000;
      const error = errors.shift();
      return error === undefined ? Promise.resolve("done") : Promise.reject(error);
    };
    const surroundings = { deps, output: person.output() };
    expect(await soon(withPatience(surroundings, "1m", work))).toBe("done");
    expect(person.said.err).toBe("keyreq: nobody answers; trying again\n".repeat(2));
    const denied = new Failure(3, "denied", ["x"]);
    await expect(withPatience(surroundings, "1m", () => Promise.reject(denied))).rejects.toBe(
      denied,
    );
  });
  test("ends with the last failure", async () => {
    let at = 0;
    const surroundings = { deps: { now: () => (at += 40_000) }, output: makePerson().output() };
    const work = () => Promise.reject(outage);
    const ended = withPatience(surroundings, "1m", work).catch((error: unknown) => error);
    expect(await soon(ended)).toBe(outage);
    await expect(withPatience(surroundings, undefined, work)).rejects.toBe(outage);
  });
});

test("every command and option says what it is for", () => {
  const program = buildProgram(
    { open: () => ({ ...makePerson(), output: makePerson().output() }), stdout: () => undefined },
    () => undefined,
  );
  const silent = [program, ...program.commands].flatMap((command: Command) => [
    ...(command.description() === "" ? [command.name()] : []),
    ...command.options.filter(({ description }) => description === "").map(({ flags }) => flags),
  ]);
  expect(silent).toEqual([]);
});
