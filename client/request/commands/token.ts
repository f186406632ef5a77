import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import type { IssuedToken } from "../../../protocol/admin-messages.ts";
import { formatDuration } from "../../terminal/duration.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import { checkClock } from "../session/clock-difference.ts";
import type { RequestDeps } from "../deps.ts";
import { explainRefusal } from "../session/denial.ts";
import { otherInstance } from "../session/people-words.ts";
import { openAsked, type Session } from "../session/session.ts";
import { parseDuration } from "../span.ts";

/** Flags of `keyreq token`. */
export type TokenFlags = { readonly ttl?: string };

/** `keyreq token NODE` makes a join string for a node. */
export async function tokenCommand(
  deps: RequestDeps,
  output: Output,
  node: string,
  { ttl }: TokenFlags,
): Promise<ExitCode> {
  const lifetime = ttl === undefined ? {} : { ttl: parseDuration("--ttl", ttl) };
  const session = await openAsked(deps);
  try {
    // The string says when it expires, by the server's clock.
    checkClock(session);
    const token = await session
      .token({ node, ...lifetime })
      .catch((error: unknown) => nameOther(session, error));
    sayToken(output, token, { asked: session.asked(), now: deps.now() });
    output.document({ ...token });
    return EXIT.ok;
  } finally {
    session.close();
  }
}

/** Where another principal of the same person may admit nodes, says so. @throws what it is given, or that */
async function nameOther(session: Session, error: unknown): Promise<never> {
  if (!(error instanceof Failure) || error.exit !== EXIT.denied) throw error;
  const { subject, refused } = await session.grants();
  const hints = refused
    .filter(
      ({ verb, missing = [] }) => verb === "admit" && otherInstance(subject, missing) !== undefined,
    )
    .flatMap((each) => explainRefusal(subject, each).hints);
  throw hints.length === 0 ? error : new Failure(error.exit, error.message, hints);
}

type Moment = { readonly asked: string | undefined; readonly now: number };

function sayToken(
  output: Output,
  { node, roles, address, expiresAt, joinString }: IssuedToken,
  { asked = "you", now }: Moment,
): void {
  const what = [...roles, ...(address === undefined ? [] : [address])].join(", ");
  const minutes = Math.ceil((Date.parse(expiresAt) - now) / 60_000);
  const left = formatDuration(minutes * 60);
  const from = address === undefined ? "" : `, only from ${address}`;
  output.say(`${output.paint("green", "✓")} ${asked} may admit ${node} (${what})`);
  output.say(`Paste on ${node} within ${left} (works once${from}):`);
  output.say(`  keyclient join ${joinString}`);
}
