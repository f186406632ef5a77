import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dependenciesOf } from "../../../client/commands/context.ts";
import { runProgram } from "../../../client/commands/program.ts";
import { createOutput } from "../../../client/terminal/output.ts";
import { makeRoot, put } from "./scratch.ts";

const PROGRAM = join(import.meta.dirname, "../../../client/bin/keyclient");

function keyclient(args: readonly string[], { program = PROGRAM, cwd = "/" } = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", cwd });
  return { status, stdout, stderr };
}

/** The same command line without a process of its own. */
async function attempt(args: readonly string[], root: string): Promise<unknown> {
  const silent = { write: () => true };
  const options = { json: false, quiet: false, verbose: false, color: false };
  const output = createOutput(options, { stdout: silent, stderr: silent });
  const { signal } = new AbortController();
  const clock = { now: () => 1_800_000_000_000, random: () => 0 };
  try {
    return await runProgram(["--root", root, ...args], {
      stdout: () => undefined,
      open: (flags) => ({ deps: dependenciesOf({ root: flags.root, ...clock }), output, signal }),
    });
  } catch (error) {
    return error;
  }
}

const failsWith = (says: RegExp) => ({
  exit: 2,
  message: expect.stringMatching(says),
  hints: expect.arrayContaining([expect.stringMatching(/keyclient|keyserver|mkdir|correct/)]),
});

test.for([
  { args: ["onec"], says: /^unknown command 'onec'$/ },
  { args: ["status", "--chek"], says: /^unknown option '--chek'$/ },
  { args: ["once", "--root"], says: /argument missing/ },
  { args: ["join"], says: /missing required argument/ },
  { args: ["hook", "test"], says: /missing required argument/ },
  { args: ["hook", "tset"], says: /unknown command/ },
  { args: ["join", "ks1-a-b-c"], says: /checksum does not fit/ },
  { args: ["status"], says: /has not joined/ },
  { args: ["once"], says: /has not joined/ },
  { args: ["once", "--dry-run"], says: /has not joined/ },
  { args: ["run"], says: /has not joined/ },
  { args: ["renew", "--all"], says: /has not joined/ },
  { args: ["hook", "test", "web"], says: /has not joined/ },
  { args: ["leave"], says: /nothing to leave/ },
  { args: ["status", "--root", "/no/such/folder"], says: /there is no such folder/ },
])("$args ends with 2, says what is wrong and what to do, and changes nothing", async (row) => {
  const root = makeRoot();
  expect(await attempt(row.args, root)).toMatchObject(failsWith(row.says));
  expect(readdirSync(root)).toEqual([]);
});

test("a slip of the hand is answered with what was meant", () => {
  const { status, stdout, stderr } = keyclient(["onec"]);
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toBe(
    "keyclient: error: unknown command 'onec'\nkeyclient: hint: did you mean once?      more:  keyclient --help\n",
  );
});

test.for([
  {
    name: "an unknown key",
    text: "cluster: c\nnode: w\nservers: [m]\npin: x\ncolour: red\n",
    says: /client.yaml:\d+:\d+: /,
  },
  { name: "a missing key", text: "cluster: c\n", says: /node/ },
  { name: "a wrong pin", text: "cluster: c\nnode: w\nservers: [m]\npin: abc\n", says: /pin/ },
  { name: "an alias", text: "cluster: &a c\nnode: *a\n", says: /anchor|alias/ },
])("client.yaml with $name is refused with its place", async ({ text, says }) => {
  const root = makeRoot();
  put(root, "etc/keysystem/client.yaml", text);
  expect(await attempt(["status"], root)).toMatchObject(failsWith(says));
});

test("a damaged state is not mended by guessing", () => {
  const root = makeRoot();
  put(
    root,
    "etc/keysystem/client.yaml",
    `cluster: c\nnode: w\nservers: [m]\npin: sha256:${"0".repeat(64)}\n`,
  );
  mkdirSync(join(root, "var/lib"), { recursive: true });
  put(root, "var/lib/keyclient/state.json", '{"schema":2}', 0o600);
  const { status, stderr } = keyclient(["once", "--root", root]);
  expect([status, stderr]).toEqual([
    5,
    expect.stringContaining("state.json is damaged or of another version"),
  ]);
});

test("with --json standard output is one document, errors too", () => {
  const root = makeRoot();
  const { stdout, status } = keyclient(["status", "--json", "--root", root]);
  expect([status, JSON.parse(stdout)]).toEqual([
    2,
    {
      schema: 1,
      exit: 2,
      error: expect.stringContaining("has not joined"),
      hints: [expect.any(String)],
    },
  ]);
  expect(JSON.parse(keyclient(["version", "--json"]).stdout)).toMatchObject({ schema: 1 });
});

test("it starts through symbolic links and from any folder", () => {
  const root = makeRoot();
  symlinkSync(PROGRAM, join(root, "first"));
  symlinkSync("first", join(root, "second"));
  const program = join(root, "second");
  expect(keyclient(["version"], { program, cwd: root }).stdout).toMatch(/^keyclient \d/);
});

test("a tick with nothing due costs at most 0.15 s of CPU and leaves no lock", () => {
  const root = makeRoot();
  const state = {
    wake: "9999-01-01T00:00:00Z",
    written: "2020-01-01T00:00:00Z",
    exit: 3,
    stamps: [],
  };
  put(root, "var/lib/keyclient/state.json", JSON.stringify(state), 0o600);
  const spent = Array.from({ length: 3 }, () => spentOn(["once", "--quiet", "--root", root]));
  expect(spent.map(({ status }) => status)).toEqual([3, 3, 3]);
  expect(Math.min(...spent.map(({ seconds }) => seconds))).toBeLessThanOrEqual(0.15);
  expect(existsSync(join(root, "var/lib/keyclient/lock"))).toBe(false);
});

/** CPU seconds of keyclient with all that it starts. */
function spentOn(args: readonly string[]) {
  const script = `const { status } = require("child_process").spawnSync(process.argv[1], process.argv.slice(2));
    process.stdout.write(status + " " + require("fs").readFileSync("/proc/self/stat", "utf8").split(") ")[1]);`;
  const { stdout } = spawnSync(process.execPath, ["-e", script, PROGRAM, ...args], {
    encoding: "utf8",
  });
  const [status, ...fields] = stdout.split(" ").map(Number);
  // proc(5): cutime and cstime, in hundredths of a second
  return { status, seconds: ((fields[13] ?? NaN) + (fields[14] ?? NaN)) / 100 };
}
