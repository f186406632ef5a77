import { CST, Lexer } from "yaml";
import type { Code } from "../codes/codes.ts";
import type { Report } from "../report.ts";
import type { Locator } from "./locator.ts";

/** Flow collections in each other, and block indicators on one line; a policy needs four. */
const MAX_DEPTH = 16;
/** Columns by which a line may be indented: what nests in blocks does so by columns. */
const MAX_INDENT = 200;
/** A policy of 1 MiB in the usual style has fewer. */
const MAX_TOKENS = 400_000;

/**
 * Characters that a reviewer would not see: controls, and those that turn the direction of text so
 * that it reads otherwise than it is (CVE-2021-42574). A lone surrogate is no character at all.
 */
const INVISIBLE = /[^\t\n\r\P{Cc}]|[\u202a-\u202e\u2066-\u2069]|\p{Cs}/u;

type Refusal = { readonly code: Code; readonly message: string; readonly help?: string };

const REFUSALS: ReadonlyMap<string | null, Refusal> = new Map([
  ["anchor", { code: "E103", message: "anchors are not allowed", help: "write it out" }],
  ["alias", { code: "E103", message: "aliases are not allowed", help: "write it out" }],
  ["tag", { code: "E103", message: "tags are not allowed", help: "quote what should be text" }],
  ["directive-line", { code: "E103", message: "YAML directives are not allowed" }],
]);
const TAB: Refusal = { code: "E101", message: "tabs are not allowed", help: "indent with spaces" };

/**
 * Takes a text apart into YAML's tokens, before anything is built from them.
 *
 * Gives undefined, with the reason reported, at the first token that has no business in a policy.
 * What passes is flat enough for a recursive reader and holds nothing that could multiply.
 */
export function readTokens(
  text: string,
  locate: Locator,
  report: Report,
): readonly string[] | undefined {
  const invisible = INVISIBLE.exec(text);
  if (invisible !== null) {
    const code = invisible[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    report.error(
      "E101",
      locate(invisible.index, invisible.index + 1),
      `character U+${code} is not allowed`,
    );
    return undefined;
  }
  const tokens: string[] = [];
  const refuse = createGuard();
  let offset = 0;
  for (const { type, token } of typedTokens(text)) {
    const next = offset + (isMark(type) ? 0 : token.length);
    const refusal = refuse(type, token);
    if (refusal !== undefined) {
      const { code, message, ...remarks } = refusal;
      report.error(code, locate(offset, next), message, remarks);
      return undefined;
    }
    tokens.push(token);
    offset = next;
  }
  return tokens;
}

type Token = { readonly type: string | null; readonly token: string };

/** What follows a scalar's mark is its text, whatever it looks like. */
function* typedTokens(text: string): Generator<Token> {
  let type: string | null = null;
  for (const token of new Lexer().lex(text)) {
    type = type === "scalar" ? "text" : CST.tokenType(token);
    yield { type, token };
  }
}

/** The lexer marks some places with a control character that is not in the text. */
const isMark = (type: string | null): boolean =>
  type === "doc-mode" || type === "flow-error-end" || type === "scalar";

/** Looks at one token after the other and objects to the first that is too much. */
function createGuard(): (type: string | null, token: string) => Refusal | undefined {
  let flows = 0;
  let indicators = 0;
  let count = 0;
  return (type, token) => {
    if (type === "flow-map-start" || type === "flow-seq-start") flows++;
    if (type === "flow-map-end" || type === "flow-seq-end") flows--;
    if (type === "seq-item-ind" || type === "explicit-key-ind") indicators++;
    if (type === "newline") indicators = 0;
    count++;
    const isDeep = Math.max(flows, indicators) > MAX_DEPTH;
    const isWide = type === "space" && token.length > MAX_INDENT;
    if (type === "space" && token.includes("\t")) return TAB;
    return REFUSALS.get(type) ?? refuseSize(isDeep, isWide, count > MAX_TOKENS);
  };
}

function refuseSize(isDeep: boolean, isWide: boolean, isLong: boolean): Refusal | undefined {
  if (isDeep) return { code: "E101", message: `nested deeper than ${MAX_DEPTH} levels` };
  if (isWide) return { code: "E101", message: `indented by more than ${MAX_INDENT} columns` };
  return isLong ? { code: "E101", message: `more than ${MAX_TOKENS} tokens` } : undefined;
}
