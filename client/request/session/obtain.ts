import type { KeyObject } from "node:crypto";
import { EXIT } from "../../../protocol/exit-codes.ts";
import type {
  CertificateRequest,
  GrantOffer,
  IssuedCertificate,
} from "../../../protocol/messages.ts";
import { errorOf } from "../../connection/keyserver.ts";
import { chooseKind, makeKey, requestFor } from "../../credential/make-key.ts";
import { publicSshKey, sshLine } from "../../credential/ssh-private-key.ts";
import { verifySsh } from "../../credential/verify-ssh.ts";
import { verifyTls } from "../../credential/verify-tls.ts";
import type { MadeKey } from "../../recipe/recipe.ts";
import { Failure, messageOf } from "../../terminal/failure.ts";
import { checkClock } from "./clock-difference.ts";
import type { HeldCredential } from "../held/credential.ts";
import type { RequestDeps } from "../deps.ts";
import { explainProblem } from "./explain.ts";
import { anchorsOf, type Session } from "./session.ts";

/** What is wanted: an offer of `Session.grants()`, and what the person chose. */
export type Wish = {
  readonly offer: GrantOffer;
  /** Whom the server says that the offers are for (`Grants.subject`). */
  readonly subject: string;
  readonly reason?: string;
  /** Seconds; the grant's when absent. */
  readonly lifetime?: number;
  /** Principals of `offer.mayChoose`. */
  readonly choose?: readonly string[];
  /** The authority's best when absent. */
  readonly keyKind?: MadeKey;
};

/**
 * Makes a key and gets a certificate for it. What comes is checked to the last name against the
 * anchors and the offer; nothing that does not fit is given back.
 *
 * @throws Failure
 */
export async function obtain(
  { now }: Pick<RequestDeps, "now">,
  session: Session,
  wish: Wish,
): Promise<HeldCredential> {
  checkClock(session);
  const { offer } = wish;
  if (offer.verb !== "issue") {
    throw new Failure(
      EXIT.usage,
      `${offer.grant} gives no certificate: its verb is ${offer.verb}`,
      ["keyreq grants"],
    );
  }
  const key = makeKey(chooseKind(wish.keyKind ?? preferred(offer), offer.keys));
  const [result] = await session.certificates([requestOf(wish, key)]);
  if (result === undefined) throw new TypeError("one request has one answer");
  if ("problem" in result) throw explainProblem(errorOf(result.problem));
  try {
    return accept({ now, session, wish, key }, result);
  } catch (error) {
    const what = messageOf(error).replace("; the old one stays", "");
    throw new Failure(EXIT.unexpected, `${what}; it was thrown away`, [
      "tell an operator; see there:  keyserver status      here:  keyreq doctor",
    ]);
  }
}

/** Ed25519 for SSH; for TLS what every consumer takes. */
const preferred = ({ kind }: GrantOffer): MadeKey => (kind === "tls" ? "ecdsa-p256" : "ed25519");

function requestOf(
  { offer: { grant, kind }, reason, lifetime, choose = [] }: Wish,
  key: KeyObject,
): CertificateRequest {
  return {
    grant,
    ...(kind === "tls" ? { csr: requestFor(key) } : { publicKey: sshLine(publicSshKey(key)) }),
    ...(reason === undefined ? {} : { reason }),
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(choose.length === 0 ? {} : { principals: [...choose] }),
  };
}

type Acceptance = Pick<RequestDeps, "now"> & {
  readonly session: Session;
  readonly wish: Wish;
  readonly key: KeyObject;
};

function accept(acceptance: Acceptance, issued: IssuedCertificate): HeldCredential {
  const { session, wish, key } = acceptance;
  const { offer, subject } = wish;
  const { grant, authority = "" } = offer;
  const { certificate, serial } = issued;
  const cluster = session.cluster.name;
  const facts = { cluster, grant, authority, subject, serial, offer, key, certificate };
  return offer.kind === "tls"
    ? { ...facts, ...acceptTls(acceptance, issued) }
    : { ...facts, ...acceptSsh(acceptance, issued) };
}

/** What is expected of a certificate of either form. */
const expectation = ({ now, session, wish: { offer } }: Acceptance) => ({
  grant: offer.grant,
  anchors: anchorsOf(session.trust(), offer.authority ?? ""),
  offer,
  now: now(),
});

function acceptTls(acceptance: Acceptance, { certificate, chain }: IssuedCertificate) {
  const expected = expectation(acceptance);
  const { key } = acceptance;
  const { notBefore, notAfter } = verifyTls(certificate, chain, { ...expected, key });
  const { anchors } = expected;
  return { form: "tls" as const, chain, anchors, ...bounds(notBefore, notAfter) };
}

function acceptSsh(acceptance: Acceptance, { certificate }: IssuedCertificate) {
  const { key, wish } = acceptance;
  const { choose = [], offer } = wish;
  const { principals, validAfter, validBefore } = verifySsh(certificate, {
    ...expectation(acceptance),
    key: publicSshKey(key),
    offer: { ...offer, names: [...(offer.names ?? []), ...choose] },
  });
  return { form: "ssh" as const, principals, ...bounds(validAfter, validBefore) };
}

/** What the certificate itself says, not what was said about it. Seconds to milliseconds. */
const bounds = (from: number, to: number) => ({ notBefore: from * 1000, notAfter: to * 1000 });
