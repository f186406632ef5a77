import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { formatCompletion } from "../../../protocol/command-line/completion.ts";
import { run, runOk } from "../../harness/command.ts";
import { commandsOf, PROGRAMS } from "./programs.ts";

const folder = mkdtempSync(join(tmpdir(), "completion-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(shell: "zsh" | "fish", { name, description }: (typeof PROGRAMS)[number]): string {
  const file = join(folder, `${name}.${shell}`);
  writeFileSync(file, formatCompletion(description, shell));
  return file;
}

const find = (shell: string): string | undefined =>
  [`/usr/bin/${shell}`, `/bin/${shell}`].find((path) => existsSync(path));

describe.for(["zsh", "fish"] as const)("%s", (shell) => {
  const installed = find(shell);
  test.for(PROGRAMS)("text for $name holds every command and option", (program) => {
    const text = formatCompletion(program.description, shell);
    for (const { command, path } of commandsOf(program.command)) {
      if (path.length > 0) expect(text).toContain(`' ${path.join(" ")}'`);
      for (const { long, hidden } of command.options) {
        const spelling = shell === "zsh" ? `'${long}:` : `-l ${long?.slice(2)} `;
        if (!hidden) expect(text).toContain(spelling);
      }
    }
  });
  test.skipIf(installed === undefined).for(PROGRAMS)(
    `text for $name is read by ${shell} (skipped where it is not installed)`,
    async (program) => {
      const { code, stderr } = await run(installed ?? "", ["-n", write(shell, program)]);
      expect([code, stderr]).toEqual([0, ""]);
    },
  );
});

const fish = find("fish");
test.skipIf(fish === undefined).for([
  { line: "keyserver policy ap", offers: ["apply"] },
  { line: "keyserver --root /srv policy ch", offers: ["check"] },
  { line: "keyserver policy check ch", offers: [] },
  { line: "keyserver completion z", offers: ["zsh"] },
  { line: "keyserver cert list --lim", offers: ["--limit"] },
  { line: "keyserver cert show --lim", offers: [] },
])("fish offers $offers for '$line' (skipped where it is not installed)", async (row) => {
  const files = PROGRAMS.map((program) => write("fish", program));
  const script = `for file in $argv[2..-1]; source $file; end; complete -C $argv[1]`;
  const said = await runOk(fish ?? "", ["--no-config", "-c", script, row.line, ...files], {
    env: { HOME: folder, PATH: "/usr/bin:/bin" },
  });
  const words = said.split("\n").map((line) => line.split("\t")[0] ?? "");
  expect(words.filter((word) => word !== "").sort()).toEqual(row.offers);
});
