import { createPublicKey, sign, verify } from "node:crypto";
import type { TlsContent } from "../../policy/decision.ts";
import { parseCertificate } from "../formats/certificate.ts";
import { readProfile } from "../formats/certificate-profile.ts";
import { requestedKey } from "../formats/certificate-request.ts";
import {
  createTemplate,
  fillTemplate,
  sealCertificate,
  type CertificateTemplate,
} from "../formats/certificate-template.ts";
import { checkMaterial } from "../formats/key-material.ts";
import { readPublicKey, type PublicKey } from "../formats/public-key.ts";
import type { TlsAuthority } from "./authority.ts";
import { Refusal, type Proof } from "./claim.ts";

/** What a TLS certificate is made from. Templates are kept by the identity of `content`. */
export type TlsJob = {
  readonly content: TlsContent;
  /** Seconds of use from `at`, and seconds by which notBefore lies before it. */
  readonly lifetime: number;
  readonly backdate: number;
  readonly authority: TlsAuthority;
  readonly key: PublicKey;
  /** Identifier of that key, 20 octets. */
  readonly keyId: Buffer;
  /** 40 hex digits. */
  readonly serial: string;
  /** Seconds since 1970. */
  readonly at: number;
};

/** A certificate that says what was planned; times are seconds since 1970, inclusive. */
export type MadeCertificate = {
  readonly certificate: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
};

/**
 * Reads the key of a claim. Points on curves are left to {@link checkProof}, whose import checks them.
 *
 * @throws KeyError
 */
export function readTlsKey(spki: Buffer): PublicKey {
  const key = readPublicKey(spki);
  if (key.material.type !== "ec") checkMaterial(key.material);
  return key;
}

/**
 * Checks that whoever asks holds the private key: the signed bytes must be a certification request
 * for this very key, since a signature over anything else proves nothing here.
 *
 * @throws Refusal `key.not_proven`, or KeyError.
 */
export function checkProof(key: PublicKey, { signed, signature, hash }: Proof): void {
  if (!requestedKey(signed).equals(key.spki)) {
    throw new Refusal("key.not_proven", "the proof is a request for another key");
  }
  if (!verifies(key, signed, signature, hash)) {
    throw new Refusal("key.not_proven", "the request is not signed by the key in it");
  }
}

function verifies(
  { spki, material }: PublicKey,
  ...[signed, signature, hash]: ProofParts
): boolean {
  if ((hash === "none") !== (material.type === "ed25519")) return false;
  try {
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    return verify(hash === "none" ? null : hash, signed, key, signature);
  } catch {
    throw new Refusal("key.malformed", "the public key is not on its curve");
  }
}

type ProofParts = readonly [signed: Buffer, signature: Buffer, hash: Proof["hash"]];

/** Makes TLS certificates: encodes, signs, parses back, compares with the plan. */
export function createTlsMaker(): (job: TlsJob) => MadeCertificate {
  const templates = new WeakMap<
    TlsContent,
    { plain?: CertificateTemplate; rsa?: CertificateTemplate }
  >();

  function templateFor({ content, authority, key }: TlsJob): CertificateTemplate {
    const kept = templates.get(content) ?? {};
    templates.set(content, kept);
    const rsa = key.material.type === "rsa";
    return (kept[rsa ? "rsa" : "plain"] ??= createTemplate(content, authority.issuer, { rsa }));
  }

  return (job) => {
    const { authority, key, keyId, serial } = job;
    const template = templateFor(job);
    const validity = validityOf(job);
    const blanks = { serial: Buffer.from(serial, "hex"), ...validity, spki: key.spki, keyId };
    const tbs = fillTemplate(template, blanks);
    const hash = template.algorithm.hash === "none" ? null : template.algorithm.hash;
    const signature = sign(hash, tbs, authority.privateKey);
    const certificate = sealCertificate(tbs, template.algorithm, signature);
    checkBack(certificate, job, validity);
    return { certificate, ...validity };
  };
}

/**
 * RFC 5280 §4.1.2.5 counts both ends, so the last second is `at + lifetime − 1` and the period has
 * exactly `backdate + lifetime` seconds; it never outlives the authority.
 */
function validityOf({ lifetime, backdate, authority, at }: TlsJob): {
  notBefore: number;
  notAfter: number;
} {
  if (authority.notAfter < at) {
    throw new Refusal("signer.refused", `authority ${authority.name} has expired`);
  }
  const notAfter = Math.min(at + lifetime - 1, authority.notAfter);
  return { notBefore: at - backdate, notAfter };
}

/** @throws Error when the certificate says anything but what was planned: a fault of ours, never handed out. */
function checkBack(
  der: Buffer,
  { content, authority, key, keyId, serial }: TlsJob,
  expected: { readonly notBefore: number; readonly notAfter: number },
): void {
  const made = parseCertificate(der);
  const profile = readProfile(made);
  const rsa = key.material.type === "rsa";
  const same =
    made.serial === serial &&
    made.notBefore === expected.notBefore &&
    made.notAfter === expected.notAfter &&
    made.algorithm === authority.issuer.algorithm &&
    made.issuer.equals(authority.issuer.name) &&
    made.publicKey.spki.equals(key.spki) &&
    !profile.ca &&
    sameList(profile.keyUsage, rsa ? RSA_USAGE : PLAIN_USAGE) &&
    sameList(profile.usage, content.usage) &&
    profile.cn === content.cn &&
    sameList(profile.o, content.o) &&
    sameList(profile.dns, content.dns) &&
    sameList(profile.ip, content.ip) &&
    profile.keyId.equals(keyId) &&
    (profile.authorityKeyId?.equals(authority.issuer.keyId) ?? false);
  if (!same) throw new Error(`certificate ${serial} differs from its plan`);
}

const PLAIN_USAGE = ["digitalSignature"];
const RSA_USAGE = ["digitalSignature", "keyEncipherment"];

/** Whether two lists hold the same texts in the same order. */
const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, index) => text === b[index]);
