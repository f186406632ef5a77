import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { describeProgram, listCommands } from "../../../protocol/command-line/description.ts";
import { formatManPage } from "../../../protocol/command-line/man-page.ts";
import { run } from "../../harness/command.ts";
import { commandsOf, PROGRAMS } from "./programs.ts";

const pageOf = ({ description }: (typeof PROGRAMS)[number]): string =>
  formatManPage(description, { section: 1, version: "1.2.3" });

/** As a reader sees it: requests and fonts taken away. */
const plain = (page: string): string =>
  page
    .replaceAll(/\\f[BIR]/g, "")
    .replaceAll(String.raw`\-`, "-")
    .replaceAll(/^\.S[HS] /gm, "# ");

test.for(PROGRAMS)("every command and option of $name has its entry", (program) => {
  const page = plain(pageOf(program));
  for (const { command, path } of commandsOf(program.command)) {
    if (path.length > 0) expect(page).toContain(`\n# ${[program.name, ...path].join(" ")}`);
    for (const { long, hidden, description } of command.options) {
      if (hidden) continue;
      expect(page).toMatch(new RegExp(`\\n\\.TP\\n(?:-\\w, )?${long}\\b`));
      expect(page).toContain(`\n${description}`);
    }
  }
});

test.for(PROGRAMS)(
  "$name says what each command, argument and option is for",
  ({ description }) => {
    const commands = listCommands(description);
    const said = commands.flatMap(({ path, description: text, arguments: given, options }) => [
      { of: path.join(" "), text },
      ...given.map((argument) => ({
        of: [...path, argument.usage].join(" "),
        text: argument.description,
      })),
      ...options.map((option) => ({
        of: [...path, ...option.spellings].join(" "),
        text: option.description,
      })),
    ]);
    const bad = said.filter(
      ({ text }) => text.length < 4 || text !== text.trim() || /[^.]\.\.?$/.test(text),
    );
    expect(bad.filter(({ of }) => of !== "")).toEqual([]);
    expect(said.length).toBeGreaterThan(20);
  },
);

test("options that help hides, since the program's repeat them, stand there once", () => {
  const page = plain(PROGRAMS.map(pageOf).join(""));
  expect(page.match(/^--cluster <?name/gm)).toHaveLength(3);
  expect(page.match(/^--password-stdin$/gm)).toHaveLength(1);
});

const groff = "/usr/bin/groff";
test.skipIf(!existsSync(groff)).for(PROGRAMS)(
  "groff finds no fault with the page of $name (skipped where it is not installed)",
  async (program) => {
    const { code, stdout, stderr } = await run(groff, ["-man", "-ww", "-Tutf8", "-P-cbou"], {
      stdin: pageOf(program),
      env: { PATH: "/usr/bin:/bin" },
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(program.name.toUpperCase());
    expect(stdout).toContain("EXIT STATUS");
  },
);

test("the page is the same whenever it is printed, and carries no date of its own", () => {
  const [program] = PROGRAMS;
  if (program === undefined) throw new TypeError("there are programs");
  const again = { ...program, description: describeProgram(program.command) };
  expect(pageOf(again)).toBe(pageOf(program));
  expect(pageOf(program)).toMatch(/^\.TH KEYSERVER 1 "" "Keysystem 1\.2\.3" "Keysystem"\n/);
  const dated = formatManPage(program.description, {
    section: 8,
    version: "1",
    date: "2026-01-02",
  });
  expect(dated).toMatch(/^\.TH KEYSERVER 8 "2026\\-01\\-02"/);
});

test.for([
  { text: ".so /etc/passwd", page: String.raw`\&.so /etc/passwd` },
  { text: "'br", page: String.raw`\&'br` },
  { text: String.raw`a \n[x]`, page: String.raw`a \en[x]` },
  { text: "first\n.second", page: "first\n\\&.second" },
])("text that groff would obey is printed as it is: $text", ({ text, page }) => {
  const description = {
    path: [],
    description: text,
    arguments: [],
    options: [],
    commands: [],
    program: "p",
  };
  expect(formatManPage(description, { section: 1, version: "1" })).toContain(`\n${page}\n`);
});
