import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createFakeClock } from "../../harness/clock.ts";
import { run, runOk } from "../../harness/command.ts";
import { traceCalls, withFault } from "../../harness/fault.ts";
import { commandLine, listDescendants } from "../../harness/process-table.ts";
import { startDaemon } from "../../harness/process.ts";
import { waitFor } from "../../harness/wait.ts";

const folder = mkdtempSync(join(tmpdir(), "keysystem-harness-"));
afterAll(() => rmSync(folder, { recursive: true }));
const log = join(folder, "log");
const env = { PATH: process.env["PATH"] ?? "" };

test("a command gives its code and both streams, and gets no shell", async () => {
  const outcome = await run("sh", ["-c", 'echo "$1"; echo b >&2; exit 3', "sh", "$(id)"]);
  expect(outcome).toEqual({ code: 3, stdout: "$(id)\n", stderr: "b\n" });
});

test.for([
  { what: "fails", args: ["-c", "echo why >&2; exit 1"], timeout: 5, message: /ended with 1\nwhy/ },
  { what: "hangs", args: ["-c", "exec sleep 9"], timeout: 0.1, message: /longer than 0.1 s/ },
])("a command that $what is an error", async ({ args, timeout, message }) => {
  await expect(runOk("sh", args, { timeout })).rejects.toThrow(message);
});

test("a daemon that ignores SIGTERM is ended with what it started", async () => {
  const script = 'trap "" TERM; sleep 77 & echo up; wait; wait';
  const daemon = startDaemon("sh", ["-c", script], { log, env });
  await waitFor("up", () => daemon.output().includes("up"));
  const [child = 0] = await waitFor("child", () => {
    const found = listDescendants(daemon.pid);
    return found.length > 0 && found;
  });
  expect(await daemon.stop(0.1)).toBe(128);
  expect(daemon.hasEnded()).toBe(true);
  await waitFor("child gone", () => commandLine(child).length === 0);
});

test("waiting ends with what was waited for and why", async () => {
  const probe = (): never => {
    throw new Error("not yet");
  };
  await expect(waitFor("rain", probe, 0.1)).rejects.toThrow("rain: not within 0.1 s");
});

test("a fake clock moves programs that run, and only them", async () => {
  const clock = createFakeClock(join(folder, "clock"));
  clock.set("+400d");
  const seconds = await runOk("date", ["+%s"], { env: { ...env, ...clock.env } });
  expect(Number(seconds) - Date.now() / 1000).toBeGreaterThan(399 * 86_400);
});

test("a fault hits the call it names", async () => {
  const file = join(folder, "made");
  const command = ["sh", "-c", `echo x > ${file}`];
  const { lines } = await traceCalls(["openat"], command);
  const at = lines.findIndex((line) => line.includes(file)) + 1;
  expect(at).toBeGreaterThan(0);
  const [strace = "", ...args] = withFault(
    { calls: ["openat"], at, effect: { error: "ENOSPC" } },
    command,
  );
  const { code, stderr } = await run(strace, args);
  expect(code).not.toBe(0);
  expect(stderr).toContain("No space left on device");
});
