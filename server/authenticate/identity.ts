import { timingSafeEqual } from "node:crypto";
import { type Certificate, parseCertificate } from "../../keys/formats/certificate.ts";
import { FormatError, KeyError } from "../../keys/formats/format-error.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** What never changes about a node's identity certificate that was issued; times are inclusive, in seconds since 1970. */
export type Identity = {
  readonly node: string;
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
};

/** Finds whose identity a certificate is, from its DER. @throws KeysystemError `auth.certificate` */
export type FindIdentity = (raw: Buffer) => Promise<Identity>;

const NODE = "node:";

/** Identities remembered; a cluster with more nodes looks some of them up anew. */
const MOST_REMEMBERED = 4096;

/**
 * Looks identities up in the ledger and remembers them by their every byte. Only what a record says for good is
 * remembered: whether the certificate still counts is asked at each request.
 */
export function createIdentityFinder(ledger: Pick<Ledger, "findCertificate">): FindIdentity {
  const remembered = new Map<string, Identity>();
  return async (raw) => {
    const key = raw.toString("latin1");
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const found = await findRecorded(ledger, raw);
    const [oldest] = remembered.keys();
    if (remembered.size >= MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    remembered.set(key, found);
    return found;
  };
}

async function findRecorded(
  ledger: Pick<Ledger, "findCertificate">,
  raw: Buffer,
): Promise<Identity> {
  const { serial, notBefore, notAfter } = parsePeer(raw);
  const stored = await ledger.findCertificate(serial);
  const same =
    stored?.state === "issued" &&
    stored.authority === "nodes" &&
    stored.certificate?.length === raw.length &&
    timingSafeEqual(stored.certificate, raw);
  if (!same || !stored.subject.startsWith(NODE)) throw unknown();
  return { node: stored.subject.slice(NODE.length), serial, notBefore, notAfter };
}

function parsePeer(raw: Buffer): Certificate {
  try {
    return parseCertificate(raw);
  } catch (error) {
    if (error instanceof FormatError || error instanceof KeyError) throw unknown();
    throw error;
  }
}

const unknown = (): KeysystemError =>
  new KeysystemError(
    "auth.certificate",
    "the client certificate is not a node's identity that the ledger knows",
  );
