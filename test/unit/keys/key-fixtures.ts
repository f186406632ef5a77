import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { formatRequest, parseRequest } from "../../../keys/formats/certificate-request.ts";
import { readPublicKey } from "../../../keys/formats/public-key.ts";
import { sshKeyOf } from "../../../keys/formats/ssh-public-key.ts";

/** A key pair with its public half in every form that tests need. */
export type TestKey = {
  readonly privateKey: KeyObject;
  readonly spki: Buffer;
  readonly ssh: Buffer;
  /** A certification request, PEM. */
  readonly csr: string;
};

const MAKERS = {
  "ecdsa-p256": () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "ecdsa-p384": () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ed25519: () => generateKeyPairSync("ed25519"),
  "rsa-2048": () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  "rsa-3072": () => generateKeyPairSync("rsa", { modulusLength: 3072 }),
} as const;

/** Kinds of key that tests make. */
export const TEST_KINDS = ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072"] as const;

/** Makes a key pair and a request for it. */
export function makeKey(kind: keyof typeof MAKERS): TestKey {
  const { privateKey, publicKey } = MAKERS[kind]();
  const spki = publicKey.export({ type: "spki", format: "der" });
  const csr = formatRequest(spki, (signed, hash) =>
    sign(hash === "none" ? null : hash, signed, privateKey),
  );
  return { privateKey, spki, ssh: sshKeyOf(readPublicKey(spki).material).blob, csr };
}

/** The parts of a request that the signer is handed. */
export function proofOf({
  csr,
}: TestKey): Pick<ReturnType<typeof parseRequest>, "signed" | "signature" | "hash"> {
  const { signed, signature, hash } = parseRequest(csr);
  return { signed, signature, hash };
}
