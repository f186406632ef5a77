import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import type { GrantOffer, Grants, RefusedGrant } from "../../../protocol/messages.ts";
import { codeOf } from "../../../protocol/problems.ts";
import type { Output } from "../../terminal/output.ts";
import { formatTable } from "../../terminal/table.ts";
import type { RequestDeps } from "../deps.ts";
import {
  describeLifetime,
  describeOffer,
  describeSource,
  isForNodes,
  joinMissing,
  nameOf,
} from "../session/people-words.ts";
import { openAsked } from "../session/session.ts";

/** `keyreq grants` says what the person may get now, and what is missing for the rest. */
export async function grantsCommand(deps: RequestDeps, output: Output): Promise<ExitCode> {
  const session = await openAsked(deps);
  try {
    const grants = await session.grants();
    sayGiven(output, grants);
    sayRefused(output, grants);
    output.document({ cluster: session.cluster.name, ...grants });
    return EXIT.ok;
  } finally {
    session.close();
  }
}

function sayGiven(output: Output, { subject, grants }: Grants): void {
  if (grants.length === 0) {
    output.say(`${nameOf(subject)} may get nothing here`);
    return;
  }
  const head = ["GRANT", "GIVES", "FOR", "FROM", "NEEDS"];
  for (const line of formatTable([head, ...grants.map(rowOf)])) output.say(line);
}

const rowOf = (offer: GrantOffer): readonly string[] => [
  offer.grant,
  describeOffer(offer),
  describeLifetime(offer),
  describeSource(offer),
  offer.reason === undefined ? "–" : "a reason",
];

function sayRefused(output: Output, { refused }: Grants): void {
  const forPeople = refused.filter((each) => !isForNodes(each));
  if (forPeople.length > 0) {
    output.say("");
    const head = ["NOT YOURS", "GOES TO", "MISSING"];
    for (const line of formatTable([head, ...forPeople.map(refusedRow)])) output.say(line);
  }
  const nodes = refused.length - forPeople.length;
  if (nodes > 0) output.say(`${nodes} more are for nodes`);
}

function refusedRow({ grant, to = [], missing = [], problem }: RefusedGrant): readonly string[] {
  const isPlain = codeOf(problem) === "policy.not_granted" && missing.length > 0;
  const why = isPlain ? joinMissing(missing) : (problem.detail ?? problem.title);
  return [grant, to.join(", ") || "–", why];
}
