import { CST, Lexer } from "yaml";
import type { Locator } from "./locator.ts";
import type { Report } from "../report.ts";

/** Flow collections in each other, and block indicators on one line; a policy needs four. */
const MAX_DEPTH = 16;
/** A policy of 1 MiB in the example's style has about half of this. */
const MAX_TOKENS = 400_000;

type Refusal = { readonly code: string; readonly message: string; readonly help?: string };

const REFUSALS: ReadonlyMap<string | null, Refusal> = new Map([
  ["anchor", { code: "E103", message: "anchors are not allowed", help: "write it out" }],
  ["alias", { code: "E103", message: "aliases are not allowed", help: "write it out" }],
  ["tag", { code: "E103", message: "tags are not allowed", help: "quote what should be text" }],
  ["directive-line", { code: "E103", message: "YAML directives are not allowed" }],
]);

/**
 * Goes over the tokens once, before anything is built from them.
 *
 * Gives false, with the reason reported, at the first token that has no business in a policy. What
 * passes is flat enough for a recursive reader and holds nothing that could multiply.
 */
export function checkTokens(text: string, locate: Locator, report: Report): boolean {
  let offset = 0;
  let depth = 0;
  let indicators = 0;
  let count = 0;
  let scalar = false;
  for (const token of new Lexer().lex(text)) {
    const type: string | null = scalar ? "text" : CST.tokenType(token);
    const next = offset + (isMark(type) ? 0 : token.length);
    if (type === "flow-map-start" || type === "flow-seq-start") depth++;
    if (type === "flow-map-end" || type === "flow-seq-end") depth--;
    if (type === "seq-item-ind" || type === "explicit-key-ind") indicators++;
    if (type === "newline") indicators = 0;
    const refusal =
      REFUSALS.get(type) ?? refuseSize(Math.max(depth, indicators) > MAX_DEPTH, ++count);
    if (refusal !== undefined) {
      const { code, message, ...remarks } = refusal;
      report.error(code, locate(offset, next), message, remarks);
      return false;
    }
    scalar = type === "scalar";
    offset = next;
  }
  return true;
}

/** The lexer marks some places with a control character that is not in the text. */
const isMark = (type: string | null): boolean =>
  type === "doc-mode" || type === "flow-error-end" || type === "scalar";

function refuseSize(deep: boolean, count: number): Refusal | undefined {
  if (deep) return { code: "E101", message: `nested deeper than ${MAX_DEPTH} levels` };
  if (count > MAX_TOKENS) return { code: "E101", message: `more than ${MAX_TOKENS} tokens` };
  return undefined;
}
