import type { Aspect, Pattern } from "../model.ts";
import { canonicalAddress } from "../text/address.ts";

/** What `who-can` can be asked about. */
export const QUERY_KEYS = [
  "principal",
  "cn",
  "o",
  "name",
  "issue",
  "fetch",
  "admit",
  "operate",
  "grant",
] as const satisfies readonly (Aspect | "grant")[];
export type QueryKey = (typeof QUERY_KEYS)[number];

/** One condition of a question; all of them have to be met by one grant. */
export type Term = { readonly key: QueryKey; readonly pattern: Pattern };

/**
 * Reads `KEY=VALUE`, with the patterns that never rules have: `cn=system:*`, `name=kubernetes.*`.
 * Undefined for anything else.
 */
export function parseTerm(text: string): Term | undefined {
  const [, word = "", value = ""] = /^([a-z]+)=(.+)$/s.exec(text) ?? [];
  const key = QUERY_KEYS.find((known) => known === word);
  return key && { key, pattern: patternOf(key, value) };
}

function patternOf(key: QueryKey, value: string): Pattern {
  const isPrefix = key === "name" ? value.endsWith(".*") : PREFIXED.has(key) && value.endsWith("*");
  if (isPrefix) return { kind: "prefix", text: value.slice(0, -1) };
  return { kind: "exact", text: canonicalAddress(value) ?? value };
}

const PREFIXED: ReadonlySet<QueryKey> = new Set(["principal", "cn", "o"]);
