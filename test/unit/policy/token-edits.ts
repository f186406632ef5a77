import { CST, Lexer } from "yaml";

/** A piece of YAML source that means something: a scalar, a bracket, a colon. */
type Token = { readonly start: number; readonly end: number; readonly text: string };

/** One edit of a text at one of its tokens. */
export type TokenEdit = { readonly title: string; readonly isSwap: boolean; readonly text: string };

const BLANK: ReadonlySet<string | null> = new Set(["space", "newline", "comment"]);
/** The lexer's own marks, which are not in the text. */
const MARKS: ReadonlySet<string | null> = new Set(["doc-mode", "flow-error-end", "scalar"]);

/** The tokens of `text` with their offsets. */
function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let before: string | null = null;
  for (const source of new Lexer().lex(text)) {
    const type: string | null = before === "scalar" ? "text" : CST.tokenType(source);
    before = type;
    if (MARKS.has(type)) continue;
    if (!BLANK.has(type)) tokens.push({ start: at, end: at + source.length, text: source });
    at += source.length;
  }
  return tokens;
}

type Change = (token: string) => string;

const CHANGES: ReadonlyMap<string, Change> = new Map<string, Change>([
  ["delete", () => ""],
  ["duplicate", (token) => `${token} ${token}`],
  ["misspell", (token) => (token.length > 2 ? token.slice(0, 1) + token.slice(2) : `${token}x`)],
  ["quote", (token) => `"${token}"`],
  ["indent", (token) => `  ${token}`],
  ["another number", (token) => token.replace(/\d/, (digit) => String((Number(digit) + 1) % 10))],
  ["another unit", (token) => token.replace(/(\d)[smhd]$/, "$1x")],
  ...Array.from("x:,{}[]#&*!|>'\"%@`-?\t\n<\\~\u0000\u202e", (mark): [string, Change] => [
    `insert ${JSON.stringify(mark)}`,
    (token) => mark + token,
  ]),
]);

/** Every `stride`th edit of `text`, spread over its tokens and all kinds of edits. */
export function* editTokens(text: string, stride: number): Generator<TokenEdit> {
  const tokens = tokensOf(text);
  let count = 0;
  for (const [index, { start, end, text: token }] of tokens.entries()) {
    const line = text.slice(0, start).split("\n").length;
    const next = tokens[index + 1];
    for (const [kind, change] of CHANGES) {
      if (count++ % stride !== 0) continue;
      const edited = text.slice(0, start) + change(token) + text.slice(end);
      if (edited !== text)
        yield { title: `${kind} ${token} in line ${line}`, isSwap: false, text: edited };
    }
    if (next === undefined || count++ % stride !== 0) continue;
    const swapped = next.text + text.slice(end, next.start) + token;
    yield {
      title: `swap ${token} in line ${line}`,
      isSwap: true,
      text: text.slice(0, start) + swapped + text.slice(next.end),
    };
  }
}

/** The edit of one token, counted around: any two numbers stand for some edit. */
export function editToken(text: string, token: number, kind: number): string {
  const tokens = tokensOf(text);
  const [found, change] = [
    tokens[token % tokens.length],
    [...CHANGES.values()][kind % CHANGES.size],
  ];
  if (found === undefined || change === undefined) return text;
  return text.slice(0, found.start) + change(found.text) + text.slice(found.end);
}
