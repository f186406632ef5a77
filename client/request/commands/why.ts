import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import type { GrantOffer, Grants, RefusedGrant } from "../../../protocol/messages.ts";
import type { Output } from "../../terminal/output.ts";
import { explainRefusal } from "../session/denial.ts";
import { unknownGrant } from "../session/offers.ts";
import type { RequestDeps } from "../deps.ts";
import { sayDirectories } from "../session/directory-words.ts";
import {
  describeLifetime,
  describeMissing,
  describeOffer,
  describeSource,
  nameOf,
} from "../session/people-words.ts";
import { openAsked } from "../session/session.ts";

/** `keyreq why GRANT` explains one grant step by step; exit code 0 when it is given, 3 when not, 4 when nobody knows. */
export async function whyCommand(
  deps: RequestDeps,
  output: Output,
  grant: string,
): Promise<ExitCode> {
  const session = await openAsked(deps);
  try {
    const grants = await session.grants();
    const offer = grants.grants.find((each) => each.grant === grant);
    const refused = grants.refused.find((each) => each.grant === grant);
    output.done("identity", `${nameOf(grants.subject)} in ${session.cluster.name}`);
    if (offer !== undefined) return allow(output, grants, offer);
    if (refused !== undefined) return refuse(output, grants, refused);
    throw unknownGrant(grants, grant);
  } finally {
    session.close();
  }
}

function allow(output: Output, grants: Grants, offer: GrantOffer): ExitCode {
  output.done("groups", (grants.groups ?? []).join(", ") || "none");
  output.done("grant", `${offer.grant} is yours`);
  output.say(`   gives       ${describeOffer(offer)}`);
  output.say(`   for         ${describeLifetime(offer)}`);
  output.say(`   from        ${describeSource(offer)}`);
  if (offer.reason !== undefined) output.say("   needs       a reason, which is logged:  --reason");
  output.document({ subject: grants.subject, grant: offer.grant, allowed: true, offer });
  return EXIT.ok;
}

function refuse(output: Output, grants: Grants, refused: RefusedGrant): ExitCode {
  const { message, exit, ...more } = explainRefusal(grants.subject, refused);
  // This is what the hint leads to.
  const hints = more.hints.map((hint) =>
    hint.replace(`more:  keyreq why ${refused.grant}      `, ""),
  );
  const cross = output.paint("red", "✗");
  const { to = [], missing = [] } = refused;
  const held = (grants.groups ?? []).join(", ") || "none";
  const lacks = missing.length === 0 ? "" : `; ${describeMissing(missing)}`;
  if (to.length > 0) output.say(` ${cross} groups      ${held}${lacks}`);
  sayAsked(output, grants, missing);
  const goesTo = to.length === 0 ? "" : ` goes to ${to.join(" or ")}`;
  output.say(` ${cross} grant       ${refused.grant}${goesTo}`);
  output.say(message);
  for (const hint of hints) output.say(`  ${hint}`);
  const { grant, problem } = refused;
  const document = { subject: grants.subject, grant, allowed: false, to, missing, problem };
  output.document({ ...document, error: message, hints, exit });
  return exit;
}

/** What the directories said that the missing groups are of. */
function sayAsked(output: Output, { directories = [] }: Grants, missing: readonly string[]): void {
  const text = missing.join(" ");
  const asked = directories.filter(({ directory }) => text.includes(`${directory}:`));
  sayDirectories(output, asked, { indent: "   " });
}
