import { Check } from "typebox/value";
import { EXIT } from "../../protocol/exit-codes.ts";
import { CertificateRequest, type GrantOffer } from "../../protocol/messages.ts";
import { Failure } from "../terminal/failure.ts";
import type { RequestDeps } from "./deps.ts";

/** The schema that the server checks a reason with. */
const Reason = CertificateRequest.properties.reason;

/**
 * Why the grant of `offer` is wanted: `given` by `--reason`, else `KEYREQ_REASON`, else asked on the
 * terminal where the grant wants one; undefined where it wants none and none was given.
 *
 * `what` completes the question: `root login`.
 *
 * @throws Failure for a reason that cannot be logged (exit 2), or where nobody can be asked (exit 6).
 */
export async function findReason(
  { environment, terminal }: Pick<RequestDeps, "environment" | "terminal">,
  offer: Pick<GrantOffer, "grant" | "reason">,
  { given, what }: { readonly given?: string; readonly what?: string },
): Promise<string | undefined> {
  const told = given ?? environment["KEYREQ_REASON"];
  if (told !== undefined && told.trim() !== "") return checkReason(told);
  if (offer.reason !== "required") return undefined;
  if (!terminal.isInteractive()) throw needsReason(offer.grant);
  const typed = await terminal.ask(`reason for ${what ?? offer.grant} (logged): `);
  if (typed.trim() === "") throw needsReason(offer.grant);
  return checkReason(typed);
}

const needsReason = (grant: string): Failure =>
  new Failure(EXIT.unauthenticated, `${grant} needs a reason, which is logged`, [
    "--reason TEXT      or  KEYREQ_REASON=TEXT  in the environment",
  ]);

function checkReason(text: string): string {
  const reason = text.trim();
  if (Check(Reason, reason)) return reason;
  throw new Failure(EXIT.usage, "a reason is one line of at most 256 characters", [
    '--reason "why"',
  ]);
}
