import { listCommands, type Description, type OptionDescription } from "./description.ts";

/** A word that can be typed, and what it means. */
export type Word = { readonly word: string; readonly means: string };

/** What can come next after the words of one command. */
export type Place = {
  /** ` policy check`: each word of the command after a blank; empty for the program itself. */
  readonly at: string;
  /** Commands below, or choices of its arguments. */
  readonly words: readonly Word[];
  /** Its own options and those of the commands above. */
  readonly options: readonly Word[];
};

/** An option with a value: it counts after the words of `at` and of every command below. */
export type Valued = {
  readonly at: string;
  readonly option: string;
  /** Whether the next word is its value even without `=`. */
  readonly mustFollow: boolean;
  readonly choices: readonly string[];
};

/** What every shell needs to complete a program's command lines, without running it. */
export type Places = {
  readonly program: string;
  readonly places: readonly Place[];
  readonly valued: readonly Valued[];
};

/** Lays a program out as places and the steps between them. */
export function listPlaces(description: Description): Places {
  const found = listCommands(description).map((command) => {
    const at = command.path.map((name) => ` ${name}`).join("");
    return { at, command, options: optionsAt(description, command.path) };
  });
  return {
    program: description.program,
    places: found.map(({ at, command, options }) => ({
      at,
      words: [
        ...command.commands.map(({ path, description: means }) => ({
          word: path.at(-1) ?? "",
          means,
        })),
        ...command.arguments.flatMap(({ choices, description: means }) =>
          choices.filter(isPlain).map((word) => ({ word, means })),
        ),
      ],
      options: options.flatMap(({ spellings, description: means }) =>
        spellings.map((word) => ({ word, means })),
      ),
    })),
    valued: found.flatMap(({ at, command }) => valuedAt(at, command.options)),
  };
}

/** Options of the program count after each of its commands. */
function optionsAt(program: Description, path: readonly string[]): readonly OptionDescription[] {
  const way = listCommands(program).filter((command) =>
    command.path.every((name, index) => path[index] === name),
  );
  return way.reverse().flatMap(({ options }) => options);
}

const valuedAt = (at: string, options: readonly OptionDescription[]): readonly Valued[] =>
  options.flatMap(({ spellings, takes, choices }) =>
    takes === "nothing"
      ? []
      : spellings.map((option) => ({
          at,
          option,
          mustFollow: takes === "a value",
          choices: choices.filter(isPlain),
        })),
  );

/** What no shell reads as more than itself; anything else is typed by hand. */
const isPlain = (word: string): boolean => /^[\w.:@-]+$/.test(word);

/** `text` as one word of bash or zsh. */
export const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Patterns of `case` in bash and zsh for the places that are no program: ` policy check`. */
export const commandPatterns = ({ places }: Places): string =>
  alternatives(places.filter(({ at }) => at !== "").map(({ at }) => quote(at)));

/** Patterns of `case` for options whose value is the next word. */
export const optionPatterns = ({ valued }: Places): string =>
  alternatives(valued.filter(({ mustFollow }) => mustFollow).map(optionPattern));

/** The pattern of `case` for one option, wherever it counts. */
export const optionPattern = ({ at, option }: Valued): string =>
  `${at === "" ? "" : quote(at)}*${quote(` ${option}`)}`;

const alternatives = (patterns: readonly string[]): string =>
  patterns.length === 0 ? "''" : patterns.join(" | \\\n        ");
