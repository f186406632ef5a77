import { CST, Lexer } from "yaml";

/** `{ a: [b, c] }`: one blank inside braces, none inside brackets, none before a comma and some after it. */
export function spaceFlows(text: string): string {
  const tokens = tokensOf(text);
  return tokens
    .map(({ type, source }, index) => {
      const [before, after] = [tokens[index - 1]?.type ?? null, tokens[index + 1]?.type ?? null];
      if (type === "space") return spaceBetween(before, after, source);
      return source + (isTight(type, after) ? " " : "");
    })
    .join("");
}

type Token = { readonly type: string | null; readonly source: string };

const MARKS: ReadonlySet<string | null> = new Set(["doc-mode", "flow-error-end", "scalar"]);

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let before: string | null = null;
  for (const source of new Lexer().lex(text)) {
    const type: string | null = before === "scalar" ? "text" : CST.tokenType(source);
    before = type;
    if (!MARKS.has(type)) tokens.push({ type, source });
  }
  return tokens;
}

/** What stands between two tokens; blanks that make columns are kept. */
function spaceBetween(before: string | null, after: string | null, source: string): string {
  if (before === "newline" || after === "comment" || after === "newline") return source;
  if (before === "flow-seq-start" || after === "flow-seq-end" || after === "comma") return "";
  if (before === "flow-map-start" || after === "flow-map-end")
    return before === "flow-map-start" && after === "flow-map-end" ? "" : " ";
  return source;
}

/** Whether two tokens stand together that need a blank. */
function isTight(type: string | null, after: string | null): boolean {
  if (after === "space" || after === "newline" || after === null) return false;
  if (type === "flow-map-start") return after !== "flow-map-end";
  if (type === "comma") return true;
  return after === "flow-map-end";
}
