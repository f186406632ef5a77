import { expect, test } from "vitest";
import { planSsh } from "../../../client/request/setup/plan.ts";
import { confirmChanges } from "../../../client/request/setup/preview.ts";
import type { Terminal } from "../../../client/request/terminal-prompt.ts";
import { createOutput } from "../../../client/terminal/output.ts";
import { makePerson } from "./ssh-user.ts";

/** Confirms with these answers; gives what was said, what was asked, and the verdict. */
async function confirm(answers: readonly string[], { yes = false, nothing = false } = {}) {
  const person = makePerson();
  const said: string[] = [];
  const asked: string[] = [];
  const left = [...answers];
  const ask = (question: string): Promise<string> => {
    asked.push(question);
    const answer = left.shift();
    return answer === undefined
      ? Promise.reject(new Error("asked too much"))
      : Promise.resolve(answer);
  };
  const isInteractive = (): boolean => answers.length > 0;
  const terminal: Terminal = { ask, askSecret: ask, isInteractive };
  const stdout = { write: (text: string) => said.push(text) };
  const options = { json: false, quiet: false, verbose: false, color: false };
  const changes = nothing ? [] : [planSsh(person)];
  const own = [{ path: "/x/known_hosts", lines: ["@cert-authority * KEY"] }];
  const output = createOutput(options, { stdout, stderr: stdout });
  const verdict = confirmChanges({ ...person, terminal }, output, { changes, own, yes });
  return { verdict: await verdict, said: said.join(""), asked };
}

test("the question says how much goes where", async () => {
  const { asked } = await confirm(["write"]);
  expect(asked).toEqual(["Will add 3 lines to ~/.ssh/config.  Show them? [y] / write / no: "]);
});

test.for([
  { answers: ["write"], verdict: true, shows: false },
  { answers: ["W"], verdict: true, shows: false },
  { answers: ["", "write"], verdict: true, shows: true },
  { answers: ["y", "write"], verdict: true, shows: true },
  { answers: ["y", ""], verdict: false, shows: true },
  { answers: ["y", "y"], verdict: false, shows: true },
  { answers: ["yes", "no"], verdict: false, shows: true },
  { answers: ["no"], verdict: false, shows: false },
  { answers: ["nonsense"], verdict: false, shows: false },
])("$answers: $verdict", async ({ answers, verdict, shows }) => {
  const outcome = await confirm(answers);
  expect(outcome.verdict).toBe(verdict);
  expect(outcome.said.includes("  + Match all\n")).toBe(shows);
  expect(outcome.said.includes("  + @cert-authority * KEY\n")).toBe(shows);
});

test("--yes shows and does not ask", async () => {
  const outcome = await confirm([], { yes: true });
  expect(outcome).toMatchObject({ verdict: true, asked: [] });
  expect(outcome.said).toContain("  + Match all\n");
});

test("nobody to ask: exit code 2", async () => {
  await expect(confirm([])).rejects.toMatchObject({ exit: 2 });
});

test("where nothing is to be added nothing is asked", async () => {
  expect(await confirm([], { nothing: true })).toEqual({ verdict: true, said: "", asked: [] });
});
