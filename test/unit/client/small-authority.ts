import { generateKeyPairSync, hash, randomBytes, sign, type KeyObject } from "node:crypto";
import { parseRequest } from "../../../keys/formats/certificate-request.ts";
import { parseCertificatePem } from "../../../keys/formats/certificate.ts";
import { readProfile } from "../../../keys/formats/certificate-profile.ts";
import {
  createTemplate,
  fillTemplate,
  sealCertificate,
} from "../../../keys/formats/certificate-template.ts";
import { formatPem } from "../../../keys/formats/pem.ts";
import { readPublicKey } from "../../../keys/formats/public-key.ts";
import { findAlgorithm } from "../../../keys/formats/signature-algorithm.ts";
import {
  createSshTemplate,
  fillSshTemplate,
  sealSshCertificate,
} from "../../../keys/formats/ssh-certificate-template.ts";
import { formatSshCertificate } from "../../../keys/formats/ssh-certificate.ts";
import { parseSshPublicKey, type SshPublicKey } from "../../../keys/formats/ssh-public-key.ts";
import { sshString } from "../../../keys/formats/ssh-wire.ts";
import { createAuthorityCertificate } from "../../../keys/signer/authority-certificate.ts";
import { publicSshKey, sshLine } from "../../../client/credential/ssh-private-key.ts";

/** A certificate as a test wants it; everything that is not said is good. */
export type Leaf = {
  readonly cn?: string;
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  readonly usage?: readonly ("server" | "client")[];
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
};

/** An authority for tests: P-256 for TLS. */
export type SmallAuthority = {
  readonly name: string;
  readonly anchor: string;
  /** PEM for the key in a request. */
  readonly sign: (
    csr: string,
    leaf: Leaf,
  ) => { readonly certificate: string; readonly serial: string };
};

/** Makes an authority whose certificate is valid from an hour before `now`, in seconds since 1970. */
export async function makeAuthority(name: string, now: number): Promise<SmallAuthority> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keys = { commonName: name, keyKind: "ecdsa-p256", privateKey, publicKey, now } as const;
  const anchor = await createAuthorityCertificate(keys);
  return { name, anchor, sign: (csr, leaf) => signLeaf(anchor, privateKey, csr, leaf) };
}

function signLeaf(anchor: string, key: KeyObject, csr: string, leaf: Leaf) {
  const certificate = parseCertificatePem(anchor);
  const algorithm = findAlgorithm("ec", "sha256");
  const issuer = { name: certificate.subject, keyId: readProfile(certificate).keyId, algorithm };
  const { cn = "n", dns = [], ip = [], usage = ["server", "client"] } = leaf;
  const template = createTemplate({ kind: "tls", usage, cn, o: [], dns, ip }, issuer, {
    rsa: false,
  });
  const serial = randomBytes(20);
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 1, 0);
  const { spki } = parseRequest(csr).key;
  const keyId = hash("sha256", readPublicKey(spki).bits, "buffer").subarray(0, 20);
  const { notBefore, notAfter } = leaf;
  const tbs = fillTemplate(template, { serial, notBefore, notAfter, spki, keyId });
  const der = sealCertificate(tbs, algorithm, sign("sha256", tbs, key));
  return { certificate: formatPem("CERTIFICATE", der), serial: serial.toString("hex") };
}

/** An SSH host authority for tests, Ed25519. */
export type SmallSshAuthority = {
  readonly anchor: string;
  readonly sign: (
    line: string,
    principals: readonly string[],
    times: Pick<Leaf, "notBefore" | "notAfter">,
  ) => { readonly certificate: string; readonly serial: string };
};

/** Makes an SSH host authority. */
export function makeSshAuthority(): SmallSshAuthority {
  const { privateKey } = generateKeyPairSync("ed25519");
  const own: SshPublicKey = publicSshKey(privateKey);
  return {
    anchor: sshLine(own),
    sign: (line, principals, { notBefore, notAfter }) => {
      const options = { extensions: [], sourceAddress: [], keyId: "test" };
      const template = createSshTemplate({ kind: "ssh-host", principals, ...options }, own);
      const serial = randomBytes(8);
      const signed = fillSshTemplate(template, {
        nonce: randomBytes(32),
        serial,
        key: parseSshPublicKey(line),
        validAfter: notBefore,
        validBefore: notAfter,
      });
      const raw = sshString(sign(null, signed, privateKey));
      const blob = sealSshCertificate(signed, Buffer.concat([sshString("ssh-ed25519"), raw]));
      return { certificate: formatSshCertificate(blob), serial: serial.toString("hex") };
    },
  };
}
