import { join } from "node:path";
import { EXIT } from "../../../protocol/exit-codes.ts";
import type { GrantOffer, Grants } from "../../../protocol/messages.ts";
import { formatDuration } from "../../terminal/duration.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import { findCluster, type Cluster } from "../session/cluster.ts";
import type { HeldCredential } from "./credential.ts";
import type { RequestDeps } from "../deps.ts";
import { obtain } from "../session/obtain.ts";
import { findClientOffer, findOffer, isClientOffer } from "../session/offers.ts";
import { OPEN, readPrivateFile, writePrivateFile } from "./private-file.ts";
import { findReason } from "../reason.ts";
import { openSession } from "../session/session.ts";
import { writeTrustFiles } from "../session/trust-files.ts";
import { parseDuration } from "../span.ts";
import { credentialFolder, keepCredential, readCredential } from "./store.ts";

/** What a client certificate is for. */
export type Purpose = {
  readonly authority: "kubernetes" | "etcd-client";
  /** Completes the question for a reason. */
  readonly what: string;
};

/** What the person said about it; the lifetime as people write it. */
export type ClientFlags = {
  readonly grant?: string;
  readonly reason?: string;
  readonly lifetime?: string;
};

/** A TLS certificate in the store. */
export type StoredCertificate = {
  readonly cluster: Cluster;
  readonly credential: HeldTls;
  /** Holds `key.pem`, `certificate.pem` and `ca.pem`. */
  readonly folder: string;
};

/** A certificate for TLS. */
export type HeldTls = HeldCredential & { readonly form: "tls" };

/**
 * The certificate for a purpose: the one that is held while enough of it is left, else a new one,
 * which is kept. A new reason or lifetime always makes a new one.
 *
 * A held one goes on being used to its last second where a new one is wanted and nobody can be
 * asked for it.
 *
 * @throws Failure
 */
export async function clientCertificate(
  deps: RequestDeps,
  output: Output,
  purpose: Purpose,
  flags: ClientFlags,
): Promise<StoredCertificate> {
  const cluster = findCluster(deps);
  const held = readHeld(deps, cluster, purpose, flags);
  const isAsked = flags.reason !== undefined || flags.lifetime !== undefined;
  if (held !== undefined && !isAsked && isFresh(held, deps.now())) return stored(cluster, held);
  try {
    const credential = await obtainNew(deps, cluster, purpose, flags);
    if (!output.options.quiet) output.warn(`✓ ${describe(credential, deps.now())}`);
    return stored(cluster, credential);
  } catch (error) {
    if (held === undefined || isAsked || !isOutage(error)) throw error;
    output.warn(`${error.message}; going on with ${describe(held, deps.now())}`);
    return stored(cluster, held);
  }
}

const stored = (cluster: Cluster, credential: HeldTls): StoredCertificate => ({
  cluster,
  credential,
  folder: credentialFolder(cluster, credential.grant),
});

const describe = ({ grant, notAfter }: HeldCredential, now: number): string =>
  `${grant}, ${formatDuration((notAfter - now) / 1000)}`;

/** Not a denial: who lost a right is told so. */
const isOutage = (error: unknown): error is Failure =>
  error instanceof Failure &&
  (error.exit === EXIT.unreachable || error.exit === EXIT.unauthenticated);

const FIVE_MINUTES = 300_000;

/** Whether more than five minutes are left, or more than a fifth of a short life. */
export function isFresh(
  { notBefore, notAfter }: Pick<HeldCredential, "notBefore" | "notAfter">,
  now: number,
): boolean {
  const spare = Math.min(FIVE_MINUTES, (notAfter - notBefore) / 5);
  return notBefore <= now && notAfter - now > spare;
}

/** The held one of the grant that is named, else of the grant that was chosen last. */
function readHeld(
  deps: RequestDeps,
  cluster: Cluster,
  { authority }: Purpose,
  { grant }: ClientFlags,
): HeldTls | undefined {
  const name = grant ?? readPrivateFile(deps, chosenFile(cluster, authority))?.trim();
  if (name === undefined || name === "") return undefined;
  const held = readCredential(deps, cluster, name);
  return held?.form === "tls" && held.authority === authority ? held : undefined;
}

/** Remembers the grant that was chosen, which no flag names: the server need not be asked again. */
const chosenFile = ({ places }: Cluster, authority: string): string =>
  join(places.folder, `chosen-${authority}`);

async function obtainNew(
  deps: RequestDeps,
  cluster: Cluster,
  purpose: Purpose,
  flags: ClientFlags,
): Promise<HeldTls> {
  const lifetime =
    flags.lifetime === undefined ? {} : { lifetime: parseDuration("--lifetime", flags.lifetime) };
  const session = await openSession(deps, cluster);
  try {
    const grants = await session.grants();
    const offer = chooseOffer(grants, purpose, flags.grant);
    const given = flags.reason === undefined ? {} : { given: flags.reason };
    const reason = await findReason(deps, offer, { ...given, what: purpose.what });
    const credential = await obtain(deps, session, {
      offer,
      subject: grants.subject,
      ...(reason === undefined ? {} : { reason }),
      ...lifetime,
    });
    if (credential.form !== "tls") throw new TypeError("the offer was for TLS");
    writeTrustFiles(deps, cluster.places, session.trust());
    keepCredential(deps, cluster, credential, { keyIn: "files" });
    if (flags.grant === undefined) {
      writePrivateFile(deps, chosenFile(cluster, purpose.authority), `${offer.grant}\n`, OPEN);
    }
    return credential;
  } finally {
    session.close();
  }
}

function chooseOffer(grants: Grants, { authority }: Purpose, grant?: string): GrantOffer {
  if (grant === undefined) return findClientOffer(grants, authority);
  const offer = findOffer(grants, grant);
  if (isClientOffer(offer, authority)) return offer;
  throw new Failure(EXIT.usage, `${grant} gives no client certificate of ${authority}`, [
    `keyreq why ${grant}      any certificate:  keyreq get ${grant} --out DIR`,
  ]);
}
