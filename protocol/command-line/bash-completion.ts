import { commandPatterns, optionPattern, optionPatterns, quote, type Places } from "./places.ts";

/** A file for bash to source: completes from this text alone and runs nothing. */
export function formatBashCompletion(completed: Places): string {
  const { program, places, valued } = completed;
  const name = `_${program}`;
  return `# Completion of ${program} for bash, written by: ${program} completion bash
${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} at= value= last= word words= options= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # bash parts --option=value in three words
    if [[ $word == = ]]; then value=$last; continue; fi
    if [[ -n $value ]]; then value=; continue; fi
    if [[ $word == -- ]]; then return; fi
    last="$at $word"
    case $last in
      ${optionPatterns(completed)}) value=$last ;;
      ${commandPatterns(completed)}) at=$last ;;
    esac
  done
  if [[ $cur == = ]]; then value=$last cur=; fi
  if [[ -n $value ]]; then
    case $value in
${valued
  .filter(({ choices }) => choices.length > 0)
  .map((one) => `      ${optionPattern(one)}) words=${quote(one.choices.join(" "))} ;;\n`)
  .join("")}    esac
  else
    case $at in
${places
  .map(
    ({ at, words, options }) =>
      `      ${quote(at)})\n        words=${listWords(words)}\n        options=${listWords(options)} ;;\n`,
  )
  .join("")}    esac
    if [[ $cur == -* ]]; then words=$options; fi
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o bashdefault -o default -F ${name} ${program}
`;
}

const listWords = (words: readonly { readonly word: string }[]): string =>
  quote(words.map(({ word }) => word).join(" "));
