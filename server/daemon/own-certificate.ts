import { createPrivateKey, generateKeyPairSync, hash, type KeyObject, sign } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { formatRequest } from "../../keys/formats/certificate-request.ts";
import type { SignerClient } from "../../keys/signer/client.ts";
import type { ServerPaths } from "../config/paths.ts";
import { formatCertificate } from "../issue/rendered-certificate.ts";
import { parseRequestedKey } from "../issue/requested-key.ts";
import { isRefused, refusalOf } from "../issue/signer-refusal.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Serials } from "../ledger/serial.ts";
import { replaceFile } from "../config/replace-file.ts";

/** keyserver's own TLS key and certificate, PEM, and when the certificate ends, in seconds since 1970. */
export type OwnCertificate = {
  readonly key: string;
  readonly certificate: string;
  readonly notBefore: number;
  readonly notAfter: number;
};

export type OwnCertificateDeps = {
  readonly paths: Pick<ServerPaths, "tlsKey" | "tlsCertificate">;
  readonly signer: Pick<SignerClient, "signServer">;
  readonly ledger: Pick<Ledger, "intend" | "record" | "abandon">;
  readonly serials: Pick<Serials, "tls">;
  readonly policyHash: () => string;
  readonly now: () => number;
};

/** The certificate on disk while it has a third of its life left; otherwise a new one with a new key. */
export function ensureOwnCertificate(deps: OwnCertificateDeps): Promise<OwnCertificate> {
  const known = readOwn(deps.paths);
  if (known !== undefined && deps.now() < renewAt(known)) return Promise.resolve(known);
  return renewOwn(deps);
}

/** Two thirds of the certificate's life, in seconds since 1970. */
export const renewAt = ({ notBefore, notAfter }: OwnCertificate): number =>
  notBefore + Math.floor(((notAfter - notBefore) * 2) / 3);

function readOwn({
  tlsKey,
  tlsCertificate,
}: OwnCertificateDeps["paths"]): OwnCertificate | undefined {
  if (!existsSync(tlsKey) || !existsSync(tlsCertificate)) return undefined;
  const key = readFileSync(tlsKey, "utf8");
  const certificate = readFileSync(tlsCertificate, "utf8");
  const x509 = new X509Certificate(certificate);
  // A crash between the two renames leaves a pair that does not fit: it is made anew.
  if (!x509.checkPrivateKey(createPrivateKey(key))) return undefined;
  return {
    key,
    certificate,
    notBefore: seconds(x509.validFromDate),
    notAfter: seconds(x509.validToDate),
  };
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

async function renewOwn(deps: OwnCertificateDeps): Promise<OwnCertificate> {
  const { ledger, signer, paths } = deps;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const requested = parseRequestedKey({
    grant: "keyserver",
    csr: requestFor(privateKey, publicKey),
  });
  const serial = deps.serials.tls();
  const at = deps.now();
  const authority = "nodes";
  const intent = { authority, serial, grant: "keyserver", subject: "keyserver", at };
  await ledger.intend([{ ...intent, key: requested.fingerprint, policy: deps.policyHash() }]);
  if (requested.proof === undefined) throw new TypeError("a PKCS#10 request has a proof");
  const result = await signer.signServer({
    serial,
    at,
    publicKey: requested.bytes.toString("base64"),
    proof: requested.proof,
  });
  if (isRefused(result)) {
    await ledger.abandon([{ authority, serial, why: `${result.refused}: ${result.detail}` }]);
    throw refusalOf(result);
  }
  const { notBefore, notAfter } = result;
  const der = Buffer.from(result.certificate, "base64");
  await ledger.record([{ authority, serial, notBefore, notAfter, certificate: der, at }]);
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const certificate = formatCertificate(der);
  replaceFile(paths.tlsKey, key, 0o600);
  replaceFile(paths.tlsCertificate, certificate, 0o644);
  return { key, certificate, notBefore, notAfter };
}

function requestFor(privateKey: KeyObject, publicKey: KeyObject): string {
  const spki = publicKey.export({ type: "spki", format: "der" });
  return formatRequest(spki, (signed) => sign("sha256", signed, privateKey));
}

/** SHA-256 of a certificate's DER, hex; for logs. */
export const certificateFingerprint = (pem: string): string =>
  hash("sha256", new X509Certificate(pem).raw, "hex");
