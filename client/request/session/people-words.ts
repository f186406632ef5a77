import type { GrantOffer, RefusedGrant } from "../../../protocol/messages.ts";
import { formatDuration } from "../../terminal/duration.ts";

/** Somebody's name as they write it: without `kerberos:` or `ldap:`. */
export const nameOf = (subject: string): string => subject.replace(/^(?:kerberos|ldap):/, "");

/** What an offer gives, in a few words: `SSH as root`. */
export function describeOffer(offer: GrantOffer): string {
  const { verb, kind, names = [], mayChoose = [], cn, o = [], authority } = offer;
  switch (verb) {
    case "issue": {
      if (kind !== "tls") {
        const more = mayChoose.length === 0 ? "" : `, and by choice ${mayChoose.join(", ")}`;
        return `SSH as ${names.join(", ")}${more}`;
      }
      const groups = o.length === 0 ? "" : `, in ${o.join(", ")}`;
      return `${authority} as ${cn}${groups}`;
    }
    case "admit":
      return `join strings for ${(offer.admits ?? []).join(", ")}`;
    case "fetch":
      return `the file ${offer.file ?? offer.grant}`;
    case "operate":
      return `to ${(offer.actions ?? []).join(", ")}`;
  }
}

/** For how long, in words; `–` where that has no meaning. */
export function describeLifetime({ lifetime, tokenLifetime }: GrantOffer): string {
  const seconds = lifetime ?? tokenLifetime;
  return seconds === undefined ? "–" : formatDuration(seconds);
}

/** From where, in words. */
export const describeSource = ({ sourceAddress = [] }: GrantOffer): string =>
  sourceAddress.length === 0 ? "anywhere" : sourceAddress.join(" ");

/** Grants of nodes: no person can be in a role. */
export const isForNodes = ({ to = [], missing = [] }: RefusedGrant): boolean =>
  to.length > 0 && missing.length === 1 && missing[0] === `one of ${to.join(", ")}`;

/** All that is lacking: `(a or b) and c`. */
export const joinMissing = (missing: readonly string[]): string =>
  missing.length === 1
    ? missing.join("")
    : missing.map((each) => (each.includes(" or ") ? `(${each})` : each)).join(" and ");

/** `a and b are missing`, or `a is missing`. */
export const describeMissing = (missing: readonly string[]): string =>
  `${joinMissing(missing)} ${missing.length === 1 ? "is" : "are"} missing`;

/**
 * The same person's other principal that is let in: `cela/root@R` for `cela@R`, where the policy
 * names it. Undefined when there is none.
 */
export function otherInstance(subject: string, missing: readonly string[]): string | undefined {
  const own = PRINCIPAL.exec(nameOf(subject))?.groups;
  if (own === undefined || !subject.startsWith("kerberos:")) return undefined;
  return missing
    .flatMap((alternatives) => alternatives.split(" or "))
    .map((fact) => PRINCIPAL.exec(fact.replace(/^kerberos:/, "")))
    .find(
      (found) =>
        found?.groups?.["primary"] === own["primary"] && found?.groups?.["realm"] === own["realm"],
    )?.[0];
}

/** The principals that would be let in, where principals alone decide; undefined where groups do. */
export function principalsLetIn(missing: readonly string[]): readonly string[] | undefined {
  const facts = missing.flatMap((alternatives) => alternatives.split(" or "));
  const isPlain = missing.length === 1 && facts.every((fact) => fact.startsWith("kerberos:"));
  return isPlain ? facts.map(nameOf) : undefined;
}

/** `primary[/instance]@REALM` (RFC 4120 §6.2). */
const PRINCIPAL = /^(?<primary>[\w.-]+)(?:\/[\w.-]+)?@(?<realm>[\w.-]+)$/;
