import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { formatCompletion } from "../../../protocol/command-line/completion.ts";
import { run, runOk } from "../../harness/command.ts";
import { commandsOf, PROGRAMS } from "./programs.ts";

const folder = mkdtempSync(join(tmpdir(), "completion-"));
afterAll(() => rmSync(folder, { recursive: true }));
const files = new Map(
  PROGRAMS.map(({ name, description }) => {
    const file = join(folder, `${name}.bash`);
    writeFileSync(file, formatCompletion(description, "bash"));
    return [name, file];
  }),
);

/** Nothing may be run at completion: there is no PATH, and a trap tells of every other command. */
const ASK = `
PATH=
source "$1"
program=$2
shift 2
COMP_WORDS=("$program" "$@")
COMP_CWORD=$#
"_$program"
printf '%s\\n' "\${COMPREPLY[@]}"
`;

/** What bash offers for the last of `words` after the program's name. */
async function complete(program: string, ...words: readonly string[]): Promise<readonly string[]> {
  const file = files.get(program) ?? "";
  const args = ["--norc", "--noprofile", "-c", ASK, "bash", file, program, ...words];
  const { code, stdout, stderr } = await run("/bin/bash", args, { env: {} });
  expect([code, stderr]).toEqual([0, ""]);
  return stdout.split("\n").filter((line) => line !== "");
}

test.for([
  { words: ["keyserver", "pol"], offers: ["policy"] },
  { words: ["keyserver", "policy", "che"], offers: ["check"] },
  { words: ["keyserver", "policy", "check", ""], offers: [] },
  { words: ["keyserver", "policy", "chek", "x"], offers: [] },
  { words: ["keyserver", "--root", "/srv", "policy", "ap"], offers: ["apply"] },
  { words: ["keyserver", "policy", "--root", "/srv", "ap"], offers: ["apply"] },
  { words: ["keyserver", "--root", "policy", "ap"], offers: [] },
  { words: ["keyserver", "--root", "=", "policy", "nod"], offers: ["node"] },
  { words: ["keyserver", "--root", ""], offers: [] },
  { words: ["keyserver", "--root", "="], offers: [] },
  { words: ["keyserver", "--json", "au"], offers: ["authority"] },
  { words: ["keyserver", "cert", "list", "--exp"], offers: ["--expiring"] },
  { words: ["keyserver", "cert", "show", "--exp"], offers: [] },
  { words: ["keyserver", "cert", "show", "--js"], offers: ["--json"] },
  { words: ["keyserver", "help", "po"], offers: ["policy"] },
  { words: ["keyserver", "completion", ""], offers: ["bash", "zsh", "fish"] },
  { words: ["keyclient", "completion", "z"], offers: ["zsh"] },
  { words: ["keyclient", "hook", "t"], offers: ["test"] },
  { words: ["keyclient", "tes"], offers: [] },
  { words: ["keyreq", "get", "web", "--p"], offers: ["--p12", "--pem", "--password-file"] },
  { words: ["keyreq", "--ldap", "gra"], offers: ["grants"] },
  { words: ["keyreq", "--ldap", "=", "cela", "gra"], offers: ["grants"] },
  { words: ["keyreq", "kube", "--", "kubectl", "--h"], offers: [] },
  { words: ["keyreq", "$(touch x)", "gra"], offers: ["grants"] },
])("$words offers $offers", async ({ words: [program = "", ...words], offers }) => {
  const offered = await complete(program, ...words);
  // Options of the program come after those of the command.
  expect(offered.filter((word) => word !== "--password-stdin")).toEqual(offers);
});

test("an option offers its choices, after a blank and after =", async () => {
  const option = {
    spellings: ["-k", "--key"],
    value: "<kind>",
    takes: "a value",
    description: "kind of key",
    choices: ["rsa", "ec", "$(touch made)"],
  } as const;
  const make = { path: ["make"], description: "m", arguments: [], options: [option], commands: [] };
  const program = { ...make, path: [], options: [], commands: [make], program: "keytest" };
  const file = join(folder, "keytest.bash");
  writeFileSync(file, formatCompletion(program, "bash"));
  files.set("keytest", file);
  expect(await complete("keytest", "make", "--key", "")).toEqual(["rsa", "ec"]);
  expect(await complete("keytest", "make", "-k", "e")).toEqual(["ec"]);
  expect(await complete("keytest", "make", "--key", "=")).toEqual(["rsa", "ec"]);
  expect(await complete("keytest", "make", "--key", "=", "r")).toEqual(["rsa"]);
  expect(await complete("keytest", "--key", "")).toEqual(["make"]);
  expect(existsSync(join(folder, "made"))).toBe(false);
});

test.for(PROGRAMS)("every command and option of $name is offered", async ({ name, command }) => {
  for (const { command: each, path } of commandsOf(command)) {
    const words = await complete(name, ...path, "");
    const options = await complete(name, ...path, "-");
    expect(words).toEqual(expect.arrayContaining(each.commands.map((child) => child.name())));
    const spellings = each.options.flatMap(({ short, long }) => [short, long]);
    expect(options).toEqual(
      expect.arrayContaining(spellings.filter((text) => text !== undefined && isShown(each, text))),
    );
  }
});

const isShown = (command: (typeof PROGRAMS)[number]["command"], spelling: string): boolean =>
  command.options.some(
    ({ long, short, hidden }) => !hidden && (long === spelling || short === spelling),
  );

test("bash completes for the program's name once the file is sourced", async () => {
  const file = files.get("keyreq") ?? "";
  const said = await runOk("/bin/bash", [
    "--norc",
    "-c",
    'source "$1"; complete -p keyreq',
    "bash",
    file,
  ]);
  expect(said).toBe("complete -o bashdefault -o default -F _keyreq keyreq\n");
});
