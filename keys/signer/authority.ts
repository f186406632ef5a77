import { createPublicKey, hash, X509Certificate, type KeyObject } from "node:crypto";
import type { Issuer } from "../formats/certificate-template.ts";
import { parseCertificatePem } from "../formats/certificate.ts";
import { readProfile } from "../formats/certificate-profile.ts";
import { readPublicKey, type PublicKey } from "../formats/public-key.ts";
import { formatSshPublicKey, sshKeyOf, type SshPublicKey } from "../formats/ssh-public-key.ts";
import { algorithmFor } from "../formats/certificate-request.ts";
import { keyIdentifier } from "./key-identifier.ts";
import type { AuthorityInfo } from "./messages.ts";
import { SignerError } from "./signer-error.ts";

type Opened = {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
  /** Key identifier of its public key, hex: no certificate may be made for that key. */
  readonly keyId: string;
};

/** An authority with its key opened, able to sign TLS certificates. */
export type TlsAuthority = Opened & {
  readonly kind: "tls";
  readonly issuer: Issuer;
  /** PEM. */
  readonly certificate: string;
  /** Seconds since 1970, inclusive. */
  readonly notAfter: number;
};

/** An authority with its key opened, able to sign SSH certificates of one kind. */
export type SshAuthority = Opened & {
  readonly kind: "ssh-host" | "ssh-user";
  readonly sshKey: SshPublicKey;
};

/** An authority with its key opened. */
export type Authority = TlsAuthority | SshAuthority;

/** A TLS authority from its key and PEM certificate. @throws SignerError `authority.damaged` */
export function createTlsAuthority(name: string, privateKey: KeyObject, pem: string): TlsAuthority {
  const opened = openedFrom(name, privateKey);
  const certificate = parseCertificatePem(pem);
  const { ca, keyId, keyUsage } = readProfile(certificate);
  const selfSigned = new X509Certificate(pem).verify(createPublicKey(privateKey));
  const fits = certificate.publicKey.spki.equals(opened.publicKey.spki) && selfSigned;
  if (!fits || !ca || !keyUsage.includes("keyCertSign")) {
    throw new SignerError(
      "authority.damaged",
      `${name}.crt is not the anchor of the key beside it`,
    );
  }
  const algorithm = algorithmFor(opened.publicKey.material);
  const issuer = { name: certificate.subject, keyId, algorithm };
  return { ...opened, kind: "tls", issuer, certificate: pem, notAfter: certificate.notAfter };
}

/** An SSH authority from its key; its public key is derived from that. @throws SignerError */
export function createSshAuthority(
  name: string,
  privateKey: KeyObject,
  kind: SshAuthority["kind"],
): SshAuthority {
  const opened = openedFrom(name, privateKey);
  const { kind: keyKind } = opened.publicKey;
  if (keyKind !== "ed25519" && keyKind !== "ecdsa-p256") {
    throw new SignerError(
      "authority.damaged",
      `${name}: a key of ${keyKind} signs no SSH certificates`,
    );
  }
  return { ...opened, kind, sshKey: sshKeyOf(opened.publicKey.material) };
}

function openedFrom(name: string, privateKey: KeyObject): Opened {
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const publicKey = readPublicKey(spki);
  return { name, privateKey, publicKey, keyId: keyIdentifier(publicKey.bits).toString("hex") };
}

/** What everyone may know of an authority. */
export function describeAuthority(authority: Authority): AuthorityInfo {
  const { name, kind, publicKey } = authority;
  const shared = { name, key: publicKey.kind };
  if (kind === "tls") {
    const { certificate, notAfter } = authority;
    const fingerprint = hash("sha256", publicKey.spki);
    return { ...shared, kind, anchor: certificate, fingerprint, notAfter };
  }
  const { sshKey } = authority;
  const fingerprint = hash("sha256", sshKey.blob);
  return { ...shared, kind, anchor: formatSshPublicKey(sshKey), fingerprint };
}
