import type { Place, Places, Word } from "./places.ts";

/** A file for fish's completions folder, or to source: completes from this text alone. */
export function formatFishCompletion({ program, places, valued }: Places): string {
  const place = `__${program}_place`;
  const below = places.filter(({ at }) => at !== "");
  const must = valued.filter(({ mustFollow }) => mustFollow);
  return `# Completion of ${program} for fish, written by: ${program} completion fish
function ${place}
    set -l at ''
    set -l value ''
    for word in (commandline -opc)[2..-1]
        if test -n "$value"
            set value ''
            continue
        end
        if test "$word" = --
            echo --
            return
        end
        switch "$at $word"
            case ${oneOf(must.map(({ at, option }) => `${at}* ${option}`))}
                set value "$at $word"
            case ${oneOf(below.map(({ at }) => at))}
                set at "$at $word"
        end
    end
    echo "$at"
end
${places.map((at) => completePlace({ program, place }, at, valued)).join("")}`;
}

type Names = { readonly program: string; readonly place: string };

function completePlace(
  { program, place }: Names,
  { at, words, options }: Place,
  valued: Places["valued"],
): string {
  const when = quoteFish(`test "$(${place})" = ${quoteFish(at)}`);
  const line = (rest: string, { means }: Word): string =>
    `complete -c ${program} -n ${when} ${rest} -d ${quoteFish(means)}\n`;
  const ofOption = (option: Word): string => {
    const { word } = option;
    const spelling = word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
    const value = valued.find((one) => one.option === word && `${at} `.startsWith(`${one.at} `));
    return line(`${spelling}${valueOf(value)}`, option);
  };
  return [
    ...words.map((one) => line(`-f -a ${quoteFish(one.word)}`, one)),
    ...options.map(ofOption),
  ].join("");
}

function valueOf(value: Places["valued"][number] | undefined): string {
  if (value === undefined) return "";
  if (value.choices.length > 0) return ` -x -a ${quoteFish(value.choices.join(" "))}`;
  return value.mustFollow ? " -r" : "";
}

/** One word of fish, where a backslash counts between single quotes too. */
const quoteFish = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", String.raw`\'`)}'`;

const oneOf = (words: readonly string[]): string =>
  words.length === 0 ? "''" : words.map(quoteFish).join(" ");
