/** An option, told without the library that reads the command line. */
export type OptionDescription = {
  /** `--root`, `-h`; the long spelling is the last. */
  readonly spellings: readonly string[];
  /** `<dir>`, `[user]`; empty where it takes no value. */
  readonly value: string;
  readonly takes: "nothing" | "perhaps a value" | "a value";
  readonly description: string;
  /** Values it may have, where they are few; else empty. */
  readonly choices: readonly string[];
  /** The value it has when it is left out. */
  readonly standard?: string;
};

/** What stands on a command line by its place. */
export type ArgumentDescription = {
  readonly name: string;
  /** `<file>`, `[grant...]`. */
  readonly usage: string;
  readonly description: string;
  readonly choices: readonly string[];
};

/** A command, or a program as the command without parent. */
export type CommandDescription = {
  /** `["policy", "check"]`; empty for the program. */
  readonly path: readonly string[];
  readonly description: string;
  readonly arguments: readonly ArgumentDescription[];
  readonly options: readonly OptionDescription[];
  readonly commands: readonly CommandDescription[];
};

/** A program. */
export type Description = CommandDescription & { readonly program: string };

type ReadableOption = {
  readonly flags: string;
  readonly description: string;
  readonly short?: string | undefined;
  readonly long?: string | undefined;
  readonly required: boolean;
  readonly optional: boolean;
  readonly hidden: boolean;
  readonly argChoices?: readonly string[] | undefined;
  readonly defaultValue?: unknown;
};

type ReadableArgument = {
  name(): string;
  readonly description: string;
  readonly required: boolean;
  readonly variadic: boolean;
  readonly argChoices?: readonly string[] | undefined;
};

/** What is read of a commander program; the type stands here so that nothing need be imported. */
export type ReadableCommand = {
  name(): string;
  description(): string;
  readonly commands: readonly ReadableCommand[];
  readonly options: readonly ReadableOption[];
  readonly registeredArguments: readonly ReadableArgument[];
};

/** Everything that a program understands, with the help that commander adds by itself. */
export function describeProgram(program: ReadableCommand): Description {
  const { options, commands, ...rest } = describeCommand(program, []);
  const names = commands.flatMap(({ path }) => path);
  return {
    ...rest,
    program: program.name(),
    options: [...options, HELP_OPTION],
    commands: [...commands, helpCommand(names)],
  };
}

function describeCommand(command: ReadableCommand, path: readonly string[]): CommandDescription {
  return {
    path,
    description: command.description(),
    arguments: command.registeredArguments.map(describeArgument),
    options: command.options.filter(({ hidden }) => !hidden).map(describeOption),
    commands: command.commands.map((child) => describeCommand(child, [...path, child.name()])),
  };
}

function describeOption(option: ReadableOption): OptionDescription {
  const { short, long, flags, description, argChoices = [], defaultValue } = option;
  const takes = option.required ? "a value" : option.optional ? "perhaps a value" : "nothing";
  return {
    spellings: [short, long].filter((spelling) => spelling !== undefined),
    value: /[<[].*$/.exec(flags)?.[0] ?? "",
    takes,
    description,
    choices: argChoices,
    ...(takes !== "nothing" && typeof defaultValue === "string" ? { standard: defaultValue } : {}),
  };
}

function describeArgument(argument: ReadableArgument): ArgumentDescription {
  const name = argument.name();
  const inner = argument.variadic ? `${name}...` : name;
  return {
    name,
    usage: argument.required ? `<${inner}>` : `[${inner}]`,
    description: argument.description,
    choices: argument.argChoices ?? [],
  };
}

const HELP_OPTION: OptionDescription = {
  spellings: ["-h", "--help"],
  value: "",
  takes: "nothing",
  description: "print help for a command, and end",
  choices: [],
};

const helpCommand = (names: readonly string[]): CommandDescription => ({
  path: ["help"],
  description: "print help for a command",
  arguments: [{ name: "command", usage: "[command]", description: "the command", choices: names }],
  options: [],
  commands: [],
});

/** A command and all below it, in the order of help. */
export const listCommands = (command: CommandDescription): readonly CommandDescription[] => [
  command,
  ...command.commands.flatMap(listCommands),
];
