import type { SignRequest, SignResult, SignServerRequest } from "../../../keys/signer/messages.ts";
import { makeKey, proofOf, type TestKey } from "./key-fixtures.ts";
import { sshSerial, tlsSerial } from "./policy-fixtures.ts";

/** Seconds since 1970 on the real clock, which the real program reads. */
export const now = (): number => Math.floor((performance.timeOrigin + performance.now()) / 1000);
const key = makeKey("ecdsa-p256");
const ed25519 = makeKey("ed25519");

/** A request for keyserver's own certificate, all of it right. */
export function serverRequest(of: TestKey = key): SignServerRequest {
  const { signed, signature, hash } = proofOf(of);
  const proof = {
    signed: signed.toString("base64"),
    signature: signature.toString("base64"),
    hash,
  };
  return { serial: tlsSerial(), at: now(), publicKey: of.spki.toString("base64"), proof };
}

/** A request of a node for a TLS certificate, all of it right. */
export const request = (node: string, grant: string, of: TestKey = key): SignRequest => ({
  ...serverRequest(of),
  subject: { kind: "node", node },
  grant,
});

/** A request of a node for an SSH certificate, all of it right. */
export const sshRequest = (node: string, grant: string): SignRequest => ({
  serial: sshSerial(),
  at: now(),
  publicKey: ed25519.ssh.toString("base64"),
  subject: { kind: "node", node },
  grant,
});

/** `issued`, or the code of the refusal. */
export const codeOf = (result: SignResult | undefined): string => {
  if (result === undefined) return "nothing";
  return "refused" in result ? result.refused : "issued";
};
