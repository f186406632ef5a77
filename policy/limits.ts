import type { Ask, Denial } from "./decision.ts";
import { printable } from "./identify.ts";
import type { Grant } from "./model.ts";
import { refuse } from "./refusals.ts";
import { canonicalAddress, isInRange } from "./text/address.ts";
import { firstVariable, partsText } from "./text/template.ts";

/** Checks what a request may choose and where it may come from; undefined when all is within the grant. */
export const checkLimits = (grant: Grant, ask: Ask): Denial | undefined =>
  checkSource(grant, ask) ??
  checkReason(grant, ask) ??
  checkKey(grant, ask) ??
  checkChoice(grant, ask) ??
  checkLifetime(grant, ask);

/** A grant that is bound to networks is given to nobody whose address is not known. */
function checkSource({ name, sourceAddress, place }: Grant, { from }: Ask): Denial | undefined {
  if (sourceAddress.length === 0) return undefined;
  const address = from === undefined ? undefined : canonicalAddress(from);
  if (address !== undefined && sourceAddress.some((range) => isInRange(address, range)))
    return undefined;
  const ranges = sourceAddress.map(({ text }) => text).join(", ");
  return refuse(
    "policy.address",
    `${printable(from ?? "an unknown address")} is not in ${ranges}, from which grant ${name} is given`,
    place.line,
  );
}

function checkReason({ name, reasonRequired, place }: Grant, { reason }: Ask): Denial | undefined {
  if (!reasonRequired || (reason !== undefined && reason.trim() !== "")) return undefined;
  return refuse("policy.reason_required", `grant ${name} needs a reason`, place.line);
}

function checkKey(grant: Grant, { key }: Ask): Denial | undefined {
  if (grant.verb !== "issue" || key === undefined || grant.authority.keys.includes(key))
    return undefined;
  const { name, keys, place } = grant.authority;
  return refuse(
    "policy.key_kind",
    `${key} is not among the keys of authority ${name}: ${keys.join(", ")}`,
    place.line,
  );
}

function checkChoice(grant: Grant, { choose = [] }: Ask): Denial | undefined {
  if (choose.length === 0) return undefined;
  const no = (detail: string): Denial => refuse("policy.choice", detail, grant.place.line);
  if (grant.verb !== "issue" || grant.kind !== "ssh-user" || grant.mayChoose.length === 0)
    return no(`grant ${grant.name} offers no choice of principals`);
  const offered = grant.mayChoose
    .filter(({ parts }) => firstVariable(parts) === undefined)
    .map(({ parts }) => partsText(parts));
  const foreign = choose.find((principal) => !offered.includes(principal));
  if (foreign !== undefined)
    return no(
      `"${printable(foreign)}" is not among ${offered.join(", ")}, which grant ${grant.name} offers`,
    );
  if (new Set(choose).size <= grant.chooseAtMost && choose.length <= grant.mayChoose.length)
    return undefined;
  return no(
    `${choose.length} principals are more than the ${grant.chooseAtMost} that grant ${grant.name} lets one choose`,
  );
}

/** Seconds that a grant gives at most; undefined where time plays no part. */
export function longestLifetime(grant: Grant): number | undefined {
  if (grant.verb === "issue") return grant.lifetime;
  return grant.verb === "admit" ? grant.tokenLifetime : undefined;
}

function checkLifetime(grant: Grant, { lifetime }: Ask): Denial | undefined {
  const longest = longestLifetime(grant);
  if (lifetime === undefined || longest === undefined) return undefined;
  const no = (detail: string): Denial =>
    refuse("policy.lifetime_too_long", detail, grant.place.line);
  // Said this way round, NaN is refused.
  if (!(Number.isSafeInteger(lifetime) && lifetime >= 1))
    return no(`${lifetime} s is no lifetime: at least 1 s, in whole seconds`);
  if (lifetime <= longest) return undefined;
  return no(`${lifetime} s is longer than the ${longest} s that grant ${grant.name} allows`);
}
