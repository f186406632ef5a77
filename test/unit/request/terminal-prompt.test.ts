import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTerminal } from "../../../client/request/terminal-prompt.ts";
import { waitFor } from "../../harness/wait.ts";

const PROGRAM = join(import.meta.dirname, "prompt-program.ts");

/** Types at a question that is asked on a pseudo-terminal (script(1)); gives all that was to be seen. */
async function typeAt(how: "ask" | "askSecret", keys: string): Promise<string> {
  const command = `${process.execPath} ${PROGRAM} ${how} < /dev/null`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let seen = "";
  child.stdout.on("data", (part: Buffer) => (seen += part.toString()));
  const ended = new Promise((resolve) => {
    child.on("exit", resolve);
  });
  await waitFor("the question", () => seen.includes("who? "));
  // The terminal is switched right after the question.
  await waitFor("the terminal", () => seen.includes("ready"));
  child.stdin.write(keys);
  await ended;
  return seen.replaceAll("\r", "");
}

test("a question is asked on the terminal, whatever standard input is", async () => {
  expect(await typeAt("ask", "cela\n")).toContain('answer: "cela"');
});

test("a secret is not shown, and can be corrected", async () => {
  const seen = await typeAt("askSecret", "wronx\u007Fg pass\u0015s\u00e4cret\r");
  expect(seen).toContain(`answer: ${JSON.stringify("s\u00e4cret")}`);
  expect(seen.split("answer:")[0]).not.toMatch(/wron|s\u00e4cret/);
});

test.for(["\u0003", "\u0004"])("%j gives up, exit 6", async (key) => {
  expect(await typeAt("askSecret", `half${key}`)).toContain("exit: 6");
});

test("without a terminal nobody is asked", async () => {
  const terminal = createTerminal("/dev/null/none");
  expect(terminal.isInteractive()).toBe(false);
  const refused = { exit: 6, hints: [expect.stringMatching(/KEYREQ_REASON.*--password-stdin/)] };
  await expect(terminal.ask("who? ")).rejects.toMatchObject(refused);
  await expect(terminal.askSecret("who? ")).rejects.toMatchObject(refused);
});
