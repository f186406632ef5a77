import { EXIT } from "../exit-codes.ts";
import {
  listCommands,
  type CommandDescription,
  type Description,
  type OptionDescription,
} from "./description.ts";
import { bold, entry, escapeRoff, heading, usage } from "./roff.ts";

/** A section of a man page beyond those that every program has: `FILES`, `ENVIRONMENT`. */
export type ManSection = {
  readonly title: string;
  readonly entries: readonly { readonly term: string; readonly text: string }[];
};

export type ManPageOptions = {
  /** 1 for everybody's programs, 8 for root's. */
  readonly section: 1 | 8;
  readonly version: string;
  /** None by default, so that the page is the same whenever it is printed. */
  readonly date?: string;
  readonly more?: readonly ManSection[];
};

/** The page of a program in man(7), with every command and every option. */
export function formatManPage(description: Description, options: ManPageOptions): string {
  const { section, version, date = "", more = [] } = options;
  const { program } = description;
  const commands = listCommands(description).slice(1);
  const lines = [
    `.TH ${program.toUpperCase()} ${section} "${escapeRoff(date)}" "Keysystem ${version}" "Keysystem"`,
    heading("name"),
    `${program} \\- ${escapeRoff(asTitle(description.description))}`,
    heading("synopsis"),
    `${bold(program)} [\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]`,
    heading("description"),
    escapeRoff(description.description),
    heading("options"),
    escapeRoff("These may stand before or after every command."),
    ...description.options.map(formatOption),
    heading("commands"),
    ...commands.flatMap((command) => formatCommand(program, command)),
    ...more.flatMap(({ title, entries }) => [
      heading(title),
      ...entries.map(({ term, text }) => entry(bold(term), text)),
    ]),
    heading("exit status"),
    ...EXIT_MEANINGS.map(({ exit, means }) => entry(bold(String(exit)), means)),
    heading("see also"),
    seeAlso(program),
  ];
  return `${lines.join("\n")}\n`;
}

// A name line is no sentence (man-pages(7)).
const asTitle = (text: string): string => {
  const title = text.replace(/\.$/, "");
  return title.charAt(0).toLowerCase() + title.slice(1);
};

function formatCommand(
  program: string,
  { path, description, arguments: given, options, commands }: CommandDescription,
): readonly string[] {
  const after = [
    ...(commands.length > 0 ? ["<command>"] : []),
    ...(options.length > 0 ? ["[options]"] : []),
    ...given.map((argument) => argument.usage),
  ];
  return [
    `.SS ${[bold([program, ...path].join(" ")), ...after.map(usage)].join(" ")}`,
    escapeRoff(description),
    ...given
      .filter((argument) => argument.description !== "")
      .map((argument) =>
        entry(usage(argument.usage), withChoices(argument.description, argument.choices)),
      ),
    ...options.map(formatOption),
  ];
}

function formatOption({
  spellings,
  value,
  description,
  choices,
  standard,
}: OptionDescription): string {
  const term = spellings.map(bold).join(", ") + (value === "" ? "" : ` ${usage(value)}`);
  const preset = standard === undefined ? "" : ` (default: ${standard})`;
  return entry(term, `${withChoices(description, choices)}${preset}`);
}

const withChoices = (text: string, choices: readonly string[]): string =>
  choices.length === 0 ? text : `${text}: ${choices.join(", ")}`;

const EXIT_MEANINGS = [
  { exit: EXIT.ok, means: "done, or all is well" },
  { exit: EXIT.unexpected, means: "something failed that nobody foresaw" },
  { exit: EXIT.usage, means: "the command line or a configuration file is wrong" },
  { exit: EXIT.denied, means: "the policy denies it; trying again does not help" },
  { exit: EXIT.unreachable, means: "a server cannot be reached or is busy; try again later" },
  { exit: EXIT.unhealthy, means: "something is expired or due, or a check failed" },
  {
    exit: EXIT.unauthenticated,
    means: "nobody can tell who asks: no ticket, an expired or a wrong one",
  },
  { exit: EXIT.clock, means: "clocks differ too much" },
] as const;

const PROGRAMS = [
  { name: "keyclient", section: 8 },
  { name: "keyreq", section: 1 },
  { name: "keyserver", section: 8 },
] as const;

const seeAlso = (program: string): string =>
  PROGRAMS.filter(({ name }) => name !== program)
    .map(({ name, section }) => `${bold(name)}(${section})`)
    .join(", ");
