import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { ERRORS, KeysystemError, type ErrorCode } from "../../../protocol/problems.ts";
import type { Transport } from "../../connection/transport.ts";
import { Failure } from "../../terminal/failure.ts";

/** The exit code that a code of protocol/problems.ts stands for. */
export function exitOf(code: ErrorCode): ExitCode {
  if (code === "auth.clock") return EXIT.clock;
  const { status } = ERRORS[code];
  if (code.startsWith("policy.") || status === 403) return EXIT.denied;
  if (status === 401) return EXIT.unauthenticated;
  if (status === 429 || status === 503) return EXIT.unreachable;
  return EXIT.unexpected;
}

/** What the server refused, as a failure of this command. */
export function explainProblem({ code, message }: KeysystemError): Failure {
  const exit = exitOf(code);
  const denied = exit === EXIT.denied ? "denied: " : "";
  const hints = WAYS_OUT[code] ?? HINTS[exit] ?? ["see:  keyreq doctor"];
  return new Failure(exit, `${denied}${message}`, hints);
}

const WAYS_OUT: Readonly<Partial<Record<ErrorCode, readonly string[]>>> = {
  "auth.password": ["type it again; with a ticket:  kinit      and the same without --ldap"],
  "auth.attempts": ["wait some minutes; with a ticket:  kinit      and the same without --ldap"],
  "auth.replayed": ["run it again; if it stays so:  keyreq doctor"],
  "policy.reason_required": ['--reason "why"      or  KEYREQ_REASON=TEXT  in the environment'],
  "policy.unknown_node": ["an operator names it in the policy:  keyserver policy check"],
};

const HINTS: Readonly<Partial<Record<ExitCode, readonly string[]>>> = {
  [EXIT.denied]: ["what you may get, and what is missing for the rest:  keyreq grants"],
  [EXIT.unauthenticated]: ["kinit      then again; see:  keyreq doctor"],
  [EXIT.unreachable]: ["more:  keyreq doctor"],
  [EXIT.clock]: ["look:  chronyc tracking      set:  chronyc makestep"],
};

/** A transport whose failures are for people: nobody tries again by itself. */
export const forPeople = (transport: Transport): Transport => ({
  ...transport,
  call: (call) => transport.call(call).catch(nobodyAnswers),
});

function nobodyAnswers(error: unknown): never {
  if (!(error instanceof Failure) || error.exit !== EXIT.unreachable) throw error;
  const { exit, message, cause } = error;
  throw new Failure(exit, message, ["is it up?  on the master:  keyserver status"], { cause });
}

/** Runs an exchange with the keyserver; what the server states becomes a Failure for people. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof KeysystemError ? explainProblem(error) : error;
  }
}
