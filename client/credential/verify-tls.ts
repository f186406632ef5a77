import { X509Certificate, type KeyObject } from "node:crypto";
import { parseCertificatePem, type Certificate } from "../../keys/formats/certificate.ts";
import { readProfile } from "../../keys/formats/certificate-profile.ts";
import type { GrantOffer } from "../../protocol/messages.ts";
import { publicPart } from "./make-key.ts";
import { checkTimes, mismatch, sameSet } from "./mismatch.ts";

/** What a certificate must be before it is put in place. */
export type Expectation = {
  readonly grant: string;
  readonly key: KeyObject;
  /** PEM. */
  readonly anchors: readonly string[];
  /** What the server says that the grant gives; absent for the very first certificate. */
  readonly offer?: GrantOffer;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/**
 * Checks a TLS certificate: it fits the key, an anchor signed it (through `chain`), and times,
 * names and usage are those of the grant.
 *
 * @throws Failure that says what does not fit.
 */
export function verifyTls(
  pem: string,
  chain: readonly string[],
  expectation: Expectation,
): Certificate {
  const { grant, key, anchors, offer, now } = expectation;
  const certificate = parseCertificatePem(pem);
  if (!certificate.publicKey.spki.equals(publicPart(key))) {
    throw mismatch(grant, "is for another key than the one that was made");
  }
  if (!isAnchored(pem, chain, anchors)) {
    throw mismatch(grant, "is not signed by the authority that this machine trusts");
  }
  checkTimes(grant, certificate.notBefore, certificate.notAfter, now);
  if (offer !== undefined) checkNames(certificate, offer);
  return certificate;
}

/** Whether signatures lead from a certificate to one of the anchors. Names alone prove nothing. */
export function isAnchored(
  pem: string,
  chain: readonly string[],
  anchors: readonly string[],
): boolean {
  const roots = anchors.map((anchor) => new X509Certificate(anchor));
  let current = new X509Certificate(pem);
  for (const next of [undefined, ...chain]) {
    if (next !== undefined) {
      const issuer = new X509Certificate(next);
      if (!isIssuer(issuer, current)) return false;
      current = issuer;
    }
    if (roots.some((root) => isIssuer(root, current))) return true;
  }
  return false;
}

const isIssuer = (issuer: X509Certificate, subject: X509Certificate): boolean =>
  issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);

function checkNames(certificate: Certificate, offer: GrantOffer): void {
  const profile = readProfile(certificate);
  const { grant, cn, o, names, usage } = offer;
  if (profile.ca) throw mismatch(grant, "is an authority's");
  if (cn !== undefined && cn !== profile.cn) {
    throw mismatch(grant, `is for ${JSON.stringify(profile.cn)}, not ${JSON.stringify(cn)}`);
  }
  if (o !== undefined && !sameSet(o, profile.o)) {
    throw mismatch(grant, "is for other organizations than the grant gives");
  }
  if (names !== undefined && !sameSet(names, [...profile.dns, ...profile.ip])) {
    throw mismatch(grant, "is for other names than the grant gives");
  }
  if (usage !== undefined && !sameSet(usage, profile.usage)) {
    throw mismatch(grant, "is for another usage than the grant gives");
  }
}
