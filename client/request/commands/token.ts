import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import type { IssuedToken } from "../../../protocol/admin-messages.ts";
import { formatDuration } from "../../terminal/duration.ts";
import type { Output } from "../../terminal/output.ts";
import { checkClock } from "../clock-difference.ts";
import type { RequestDeps } from "../deps.ts";
import { openAsked } from "../session.ts";
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
    const token = await session.token({ node, ...lifetime });
    sayToken(output, token, { asked: session.asked(), now: deps.now() });
    output.document({ ...token });
    return EXIT.ok;
  } finally {
    session.close();
  }
}

type Moment = { readonly asked: string | undefined; readonly now: number };

function sayToken(
  output: Output,
  { node, roles, address, expiresAt, joinString }: IssuedToken,
  { asked = "you", now }: Moment,
): void {
  const what = [...roles, ...(address === undefined ? [] : [address])].join(", ");
  const left = formatDuration((Date.parse(expiresAt) - now) / 1000);
  const from = address === undefined ? "" : `, only from ${address}`;
  output.say(`${output.paint("green", "✓")} ${asked} may admit ${node} (${what})`);
  output.say(`Paste on ${node} within ${left} (works once${from}):`);
  output.say(`  keyclient join ${joinString}`);
}
