import type { FoundEntry, Value } from "./ldap-answer.ts";
import type { LdapConnection, Query, Result } from "./ldap-connection.ts";
import { type Concern, LdapFault } from "./ldap-fault.ts";
import { foldAscii } from "./text.ts";

/** Entries that a directory has for a query. @throws LdapFault for every result but success; referrals are not followed */
export async function findEntries(
  connection: LdapConnection,
  query: Query,
): Promise<readonly FoundEntry[]> {
  const { entries, ...result } = await connection.search(query);
  if (result.code === 0) return entries;
  throw explainResult(result);
}

/** All values of an attribute; none when the entry has it not. */
export const valuesOf = ({ attributes }: FoundEntry, attribute: string): readonly Value[] =>
  attributes.get(foldAscii(attribute)) ?? [];

/** What is to say about a result that is no success (RFC 4511 appendix A). */
export function explainResult(result: Result, concern: Concern = "directory"): LdapFault {
  const words = WORDS.get(result.code) ?? `refuses the question (result ${result.code})`;
  return new LdapFault(words, {
    concern,
    cause: new Error(`result ${result.code}: ${result.detail}`),
  });
}

const WORDS: ReadonlyMap<number, string> = new Map([
  [3, "needs more time for the answer than it has"],
  [4, "gives no answer with so many entries"],
  [10, "refers to another server, which is not asked"],
  [11, "gives no answer with so many entries"],
  [32, "has no such place as server.yaml names"],
  [50, "does not let its reader's account look"],
  [51, "is busy"],
  [52, "is not available"],
]);
