import {
  commandPatterns,
  optionPattern,
  optionPatterns,
  quote,
  type Places,
  type Word,
} from "./places.ts";

/** A file for zsh's fpath, or to source after compinit: completes from this text alone. */
export function formatZshCompletion(completed: Places): string {
  const { program, places, valued } = completed;
  const name = `_${program}`;
  return `#compdef ${program}
# Completion of ${program} for zsh, written by: ${program} completion zsh
${name}() {
  local at= value= last= word
  local -a found
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $value ]]; then value=; continue; fi
    if [[ $word == -- ]]; then _default; return; fi
    last="$at $word"
    case $last in
      ${optionPatterns(completed)}) value=$last ;;
      ${commandPatterns(completed)}) at=$last ;;
    esac
  done
  if [[ -z $value && $PREFIX == --*=* ]]; then
    value="$at \${PREFIX%%=*}"
    compset -P '*='
  fi
  if [[ -n $value ]]; then
    case $value in
${valued
  .filter(({ choices }) => choices.length > 0)
  .map((one) => `      ${optionPattern(one)}) compadd -- ${one.choices.map(quote).join(" ")} ;;\n`)
  .join("")}      *) _default ;;
    esac
    return
  fi
  if [[ $PREFIX == -* ]]; then
    case $at in
${places.map(({ at, options }) => arm(at, options)).join("")}    esac
    _describe -o 'option' found
  else
    case $at in
${places.map(({ at, words }) => arm(at, words)).join("")}    esac
    if (( $#found )); then _describe 'command' found; else _default; fi
  fi
}
if [[ $funcstack[1] == ${name} ]]; then ${name} "$@"; else compdef ${name} ${program}; fi
`;
}

const arm = (at: string, words: readonly Word[]): string =>
  `      ${quote(at)}) found=(${words.map(describe).join(" ")}) ;;\n`;

// _describe parts word and meaning at the first colon without a backslash.
const describe = ({ word, means }: Word): string =>
  quote(`${word.replaceAll(":", String.raw`\:`)}:${means}`);
