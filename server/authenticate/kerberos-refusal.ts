import { printable } from "../../policy/identify.ts";
import { type ErrorCode, KeysystemError } from "../../protocol/problems.ts";
import { formatTime } from "../time.ts";

/** What the words for the caller need: the service that tickets are taken for, and seconds since 1970. */
export type RefusalFacts = { readonly service: string; readonly now: number };

type Refusal = {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly say: (facts: RefusalFacts, found: string) => string;
  /** For the operator, after the words of GSS-API. */
  readonly hint?: (facts: RefusalFacts, found: string) => string | undefined;
};

/** Before the words of the mechanism, when GSS-API itself has none (RFC 2743 §1.2.1.1, GSS_S_FAILURE). */
const UNSPECIFIED = "Unspecified GSS failure.  Minor code may provide more information: ";

const hintKeytab: Refusal["hint"] = ({ service }, found) =>
  found === service
    ? "the keytab does not fit the KDC: write the service's present key to it (ktadd)"
    : undefined;

/**
 * The words of MIT Kerberos, English in every locale since node never calls setlocale. All are anchored: some go on
 * with names from the ticket, which nobody has vouched for yet.
 */
const REFUSALS: readonly Refusal[] = [
  {
    pattern: /^Request is a replay/,
    code: "auth.replayed",
    say: () => "the Kerberos token was used before; each request needs one of its own",
  },
  {
    pattern: /^(?:Clock skew too great|Ticket not yet valid)/,
    code: "auth.clock",
    say: ({ now }) =>
      `the clocks differ by more than Kerberos allows: here it is ${formatTime(now)}`,
  },
  {
    pattern: /^Ticket expired/,
    code: "auth.kerberos",
    say: ({ now }) => `the Kerberos ticket has expired: here it is ${formatTime(now)}`,
  },
  {
    pattern: /^Request ticket server (\S+) (?:kvno|not found in keytab)/,
    code: "auth.kerberos",
    say: sayNoKey,
    hint: hintKeytab,
  },
  {
    pattern: /^Cannot decrypt ticket for (\S+) using keytab key/,
    code: "auth.kerberos",
    say: sayNoKey,
    hint: hintKeytab,
  },
  {
    // GSS_S_CONTINUE_NEEDED: the package asks for the client's name, which there is not yet.
    pattern: /^(?:A required input parameter could not be read|An invalid name was supplied)/,
    code: "auth.kerberos",
    say: () => "the Kerberos exchange wants more than one round",
  },
  {
    pattern: /^[^()]+ \(filename: [^()]*\)$/,
    code: "auth.unavailable",
    say: () =>
      "this keyserver cannot check Kerberos tickets now; its operator finds the reason in the log",
    hint: () => "the replay cache cannot be written",
  },
];

/** Whether GSS-API said that it has no key at all; its words are the same whatever is wrong with the keytab. */
export const isWithoutKeys = (error: unknown): boolean =>
  wordsOf(error).startsWith("No credentials were supplied");

/** Turns what GSS-API said into words for the caller; its own are in `cause`, for the operator. */
export function explainRefusal(error: unknown, facts: RefusalFacts): KeysystemError {
  const words = wordsOf(error).replace(UNSPECIFIED, "");
  for (const { pattern, code, say, hint } of REFUSALS) {
    const match = pattern.exec(words);
    if (match === null) continue;
    const found = match[1] ?? "";
    const cause = causeOf(words, hint?.(facts, found));
    return new KeysystemError(code, say(facts, found), { cause });
  }
  return new KeysystemError("auth.kerberos", "the Kerberos token is not accepted", {
    cause: causeOf(words),
  });
}

function sayNoKey({ service }: RefusalFacts, found: string): string {
  if (found !== service) return sayWrongService(found, service);
  return `the ticket for ${service} fits no key of this keyserver; get a new ticket, and if that one is refused too, its operator must renew the keytab`;
}

/** For a ticket that was made for another service. */
export const sayWrongService = (found: string, service: string): string =>
  `the ticket is for ${printable(found)}, but this keyserver is ${service}`;

const LONGEST = 512;

const causeOf = (words: string, hint?: string): Error => {
  const line = words.slice(0, LONGEST).replaceAll(/\p{C}/gu, "?");
  return new Error(hint === undefined ? line : `${line}; ${hint}`);
};

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
