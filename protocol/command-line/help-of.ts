/** What is read of a commander program to find a command in it. */
export type FindableCommand = {
  name(): string;
  readonly commands: readonly FindableCommand[];
  readonly options: readonly {
    readonly long?: string | undefined;
    readonly required: boolean;
  }[];
};

/** What shows the options of the command that `args` were meant for: `keyserver node admit --help`. */
export function helpOf(program: FindableCommand, args: readonly string[]): string {
  const path = [program];
  let isValue = false;
  for (const word of args) {
    const command = path.at(-1) ?? program;
    const known = path.flatMap(({ options }) => options).find(({ long }) => long === word);
    const found = isValue ? undefined : command.commands.find((child) => child.name() === word);
    isValue = !isValue && known?.required === true;
    if (found !== undefined) path.push(found);
    // What is behind it is the command's own, or another program's.
    else if (word === "--") break;
  }
  return [...path.map((command) => command.name()), "--help"].join(" ");
}
