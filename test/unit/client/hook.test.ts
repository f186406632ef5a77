import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runAsGroup, serviceArguments } from "../../../client/service/hook.ts";
import { makeRoot } from "./scratch.ts";

const print = (file: string): readonly string[] => [
  process.execPath,
  "-e",
  "require('fs').writeFileSync(process.argv[1], JSON.stringify([process.argv.slice(2), process.env, process.cwd()]))",
  file,
];

test("arguments reach the program byte for byte and nothing interprets them", async () => {
  const file = join(makeRoot(), "seen");
  const hostile = [
    "$(id)",
    "; touch x",
    "a\nb",
    "-o",
    "`id`",
    "*",
    "",
    "'\"",
    "%n",
    "\u001B[2J",
    "|cat",
    "é",
  ];
  expect(await runAsGroup({ command: [...print(file), ...hostile], timeout: 10 })).toEqual({
    ok: true,
  });
  const [args, environment, folder] = JSON.parse(readFileSync(file, "utf8"));
  expect(args).toEqual(hostile);
  expect(Object.keys(environment).toSorted()).toEqual(["LANG", "PATH"]);
  expect(environment.PATH).not.toContain("node_modules");
  expect(folder).toBe("/");
});

test("a command line in one word is a program that does not exist, not a shell line", async () => {
  const file = join(makeRoot(), "made-by-a-shell");
  const result = await runAsGroup({ command: [`touch ${file}`], timeout: 10 });
  expect(result).toMatchObject({
    ok: false,
    message: expect.stringContaining("cannot be started"),
  });
  expect(existsSync(file)).toBe(false);
});

test("a failure tells code and last words", async () => {
  const command = [
    process.execPath,
    "-e",
    "console.error('syntax error in line 3'); process.exit(9)",
  ];
  expect(await runAsGroup({ command, timeout: 10 })).toEqual({
    ok: false,
    message: `${process.execPath} ended with 9`,
    detail: "syntax error in line 3",
  });
});

test("at the time limit the whole process group goes, children too", async () => {
  const file = join(makeRoot(), "pid");
  const child = `require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const parent = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`;
  const result = await runAsGroup({ command: [process.execPath, "-e", parent], timeout: 1 });
  expect(result).toMatchObject({
    ok: false,
    message: expect.stringContaining("did not end in 1 s"),
  });
  const pid = Number(readFileSync(file, "utf8"));
  await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
});

test("a process that stays behind with the pipes open is not waited for", async () => {
  const lingering = `require('child_process').spawn('sleep', ['3'], { stdio: 'inherit', detached: true }).unref()`;
  const begin = performance.now();
  expect(await runAsGroup({ command: [process.execPath, "-e", lingering], timeout: 10 })).toEqual({
    ok: true,
  });
  expect(performance.now() - begin).toBeLessThan(2500);
});

test("as a service it gets its words after all that is ours, each dollar twice", () => {
  const words = ["/bin/x", "--unit=evil", "$HOME", "a$$b", "${x}", "", "%n", "-p"];
  const args = serviceArguments({ command: words, timeout: 7 }, "keyclient-hook-1-2");
  const end = args.indexOf("--");
  // systemd makes one dollar of two, and would put a variable's value in place of one (systemd.service(5)).
  const doubled = ["/bin/x", "--unit=evil", "$$HOME", "a$$$$b", "$${x}", "", "%n", "-p"];
  expect(args.slice(end + 1)).toEqual(doubled);
  expect(args.slice(0, end)).toEqual(
    expect.arrayContaining([
      "--unit=keyclient-hook-1-2",
      "--property=RuntimeMaxSec=7",
      "--property=KillMode=control-group",
      "--setenv=LANG=C.UTF-8",
    ]),
  );
});

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
