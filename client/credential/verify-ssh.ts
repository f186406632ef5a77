import { createPublicKey, verify, type KeyObject } from "node:crypto";
import type { KeyMaterial } from "../../keys/formats/key-material.ts";
import {
  parseSshCertificateLine,
  type SshCertificate,
} from "../../keys/formats/ssh-certificate.ts";
import { parseSshPublicKey, type SshPublicKey } from "../../keys/formats/ssh-public-key.ts";
import { SshReader } from "../../keys/formats/ssh-wire.ts";
import type { GrantOffer } from "../../protocol/messages.ts";
import { checkTimes, mismatch, sameSet } from "./mismatch.ts";

/** What an SSH certificate must be before it is put in place. */
export type SshExpectation = {
  readonly grant: string;
  readonly key: SshPublicKey;
  /** Public key lines. */
  readonly anchors: readonly string[];
  /** What the server says that the grant gives; its `names` with what was chosen besides. */
  readonly offer?: GrantOffer;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/**
 * Checks an SSH certificate: for this key, signed by an anchor, of the grant's kind, with its
 * principals and, for people, with its limits.
 *
 * @throws Failure that says what does not fit.
 */
export function verifySsh(line: string, expectation: SshExpectation): SshCertificate {
  const { grant, key, anchors, offer, now } = expectation;
  const certificate = parseSshCertificateLine(line);
  const { authorityKey } = certificate;
  if (!certificate.key.blob.equals(key.blob)) {
    throw mismatch(grant, "is for another key than the one that was made");
  }
  const trusted = anchors.some((anchor) =>
    parseSshPublicKey(anchor).blob.equals(authorityKey.blob),
  );
  if (!trusted || !isSigned(certificate)) {
    throw mismatch(grant, "is not signed by the authority that this machine trusts");
  }
  if (offer?.kind !== undefined && certificate.kind !== offer.kind) {
    throw mismatch(grant, `is of kind ${certificate.kind}`);
  }
  if (offer?.names !== undefined && !sameSet(offer.names, certificate.principals)) {
    throw mismatch(grant, "is for other principals than the grant gives");
  }
  checkTimes(grant, certificate.validAfter, certificate.validBefore, now);
  if (offer?.kind === "ssh-user") checkUser(certificate, offer);
  return certificate;
}

/** What a person's certificate may be used for is part of the offer; sshd refuses options it does not know. */
function checkUser({ principals, extensions, criticalOptions }: SshCertificate, offer: GrantOffer) {
  const { grant, sourceAddress = [], forceCommand } = offer;
  // sshd before 10.3 may take an empty list for every principal there is.
  if (principals.length === 0) throw mismatch(grant, "is for no principal");
  const options = new Map(criticalOptions.map(({ name, value }) => [name, value]));
  if (options.get("force-command") !== forceCommand) {
    throw mismatch(grant, "runs another command than the grant says");
  }
  const bound = options.get("source-address")?.split(",") ?? [];
  if (!sameSet(bound, sourceAddress)) {
    throw mismatch(grant, "is not bound to the addresses of the grant");
  }
  const known = new Set(["force-command", "source-address"]);
  const unknown = [...options.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) throw mismatch(grant, `has the critical option ${unknown}`);
  const given = extensions.map(({ name }) => name);
  if (offer.extensions !== undefined && !sameSet(offer.extensions, given)) {
    throw mismatch(grant, "has other extensions than the grant gives");
  }
}

const HASHES = new Map([
  ["ecdsa-sha2-nistp256", "sha256"],
  ["ecdsa-sha2-nistp384", "sha384"],
  ["rsa-sha2-256", "sha256"],
  ["rsa-sha2-512", "sha512"],
]);

function isSigned({ signed, signature, authorityKey }: SshCertificate): boolean {
  const reader = new SshReader(signature);
  const algorithm = reader.text();
  const value = reader.string();
  reader.close();
  const key = createPublicKey({ key: jwkOf(authorityKey.material), format: "jwk" });
  if (authorityKey.material.type === "ed25519") {
    return algorithm === "ssh-ed25519" && verify(null, signed, key, value);
  }
  const digest = HASHES.get(algorithm);
  return digest !== undefined && verifyDigest(digest, signed, { key, value, authorityKey });
}

type Signed = {
  readonly key: KeyObject;
  readonly value: Buffer;
  readonly authorityKey: SshPublicKey;
};

function verifyDigest(
  digest: string,
  signed: Buffer,
  { key, value, authorityKey }: Signed,
): boolean {
  const { material } = authorityKey;
  if (material.type !== "ec") return verify(digest, signed, key, value);
  // RFC 5656 §3.1.2: two mpints; node:crypto takes both at the curve's full width.
  const width = material.curve === "P-384" ? 48 : 32;
  const numbers = new SshReader(value);
  const pair = [numbers.unsigned(), numbers.unsigned()].map((number) =>
    Buffer.concat([Buffer.alloc(Math.max(0, width - number.length)), number]),
  );
  return verify(digest, signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.concat(pair));
}

function jwkOf(material: KeyMaterial) {
  const text = (bytes: Buffer): string => bytes.toString("base64url");
  switch (material.type) {
    case "ed25519":
      return { kty: "OKP", crv: "Ed25519", x: text(material.point) };
    case "ec": {
      const half = (material.point.length - 1) / 2;
      const x = text(material.point.subarray(1, 1 + half));
      return { kty: "EC", crv: material.curve, x, y: text(material.point.subarray(1 + half)) };
    }
    case "rsa":
      return { kty: "RSA", n: text(material.modulus), e: text(material.exponent) };
  }
}
