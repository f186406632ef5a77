import { EXIT } from "../../../protocol/exit-codes.ts";
import type { GrantOffer, Grants } from "../../../protocol/messages.ts";
import { nearestSpelling } from "../../../protocol/spelling.ts";
import { Failure } from "../../terminal/failure.ts";
import { explainRefusal, nearestRefusal } from "./denial.ts";
import { isForNodes } from "./people-words.ts";

/**
 * The offer of this name.
 *
 * @throws Failure: refused (exit 3, or 4 where a directory is silent), or no such grant (exit 2).
 */
export function findOffer({ subject, grants, refused }: Grants, grant: string): GrantOffer {
  const offer = grants.find((each) => each.grant === grant);
  if (offer !== undefined) return offer;
  const refusal = refused.find((each) => each.grant === grant);
  if (refusal !== undefined) throw explainRefusal(subject, refusal);
  throw unknownGrant({ grants, refused }, grant);
}

/** No grant has this name; says which one was meant, perhaps. */
export function unknownGrant(
  { grants, refused }: Pick<Grants, "grants" | "refused">,
  grant: string,
): Failure {
  const names = [...grants, ...refused].map((each) => each.grant);
  const guess = nearestSpelling(grant, names);
  const meant = guess === undefined ? "" : `did you mean ${guess}?      `;
  const text = JSON.stringify(grant.slice(0, 64));
  return new Failure(EXIT.usage, `the policy has no grant ${text}`, [
    `${meant}all:  keyreq grants`,
  ]);
}

/**
 * The offer of a client certificate by one authority: the first that needs no reason, else the first.
 *
 * @throws Failure: refused, or nobody gets one.
 */
export function findClientOffer(grants: Grants, authority: string): GrantOffer {
  const offers = grants.grants.filter((offer) => isClientOffer(offer, authority));
  const offer = offers.find(({ reason }) => reason === undefined) ?? offers[0];
  if (offer !== undefined) return offer;
  const refused = grants.refused.filter(
    (each) => each.authority === authority && each.verb === "issue" && !isForNodes(each),
  );
  const refusal = nearestRefusal(grants.subject, refused);
  if (refusal !== undefined) throw explainRefusal(grants.subject, refusal);
  throw new Failure(EXIT.denied, `no grant gives people a certificate of ${authority}`, [
    "what you may get:  keyreq grants",
  ]);
}

/** Whether an offer is a client certificate of this authority. */
export const isClientOffer = (offer: GrantOffer, authority: string): boolean =>
  offer.verb === "issue" &&
  offer.kind === "tls" &&
  offer.authority === authority &&
  offer.usage?.includes("client") !== false;
