import type { KeyObject } from "node:crypto";
import { FormatError } from "../../../keys/formats/format-error.ts";
import { SshReader, sshString, sshUint32, sshUnsigned } from "../../../keys/formats/ssh-wire.ts";
import { publicSshKey } from "../../credential/ssh-private-key.ts";

// Messages of draft-miller-ssh-agent, without the length in front of them.

const FAILURE = 5;
const SUCCESS = 6;
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const ADD_IDENTITY_CONSTRAINED = 25;
const REMOVE_IDENTITY = 18;

const CONSTRAIN_LIFETIME = 1;
const CONSTRAIN_CONFIRM = 2;

/** Identities in one answer; more than any agent holds. */
const MOST = 4096;

/** A key or certificate that an agent holds. */
export type AgentIdentity = {
  /** Wire format, its type first. */
  readonly blob: Buffer;
  /** As whoever added it named it; bytes that are not UTF-8 are replaced. */
  readonly comment: string;
};

/** A certificate with its private key, and how long an agent may use it. */
export type AgentAddition = {
  /** Ed25519, or ECDSA on P-256 or P-384. */
  readonly key: KeyObject;
  /** The certificate in wire format. */
  readonly certificate: Buffer;
  readonly comment: string;
  /** Seconds from now, at least one. */
  readonly lifetime: number;
  /** Whether the agent is to ask its person before each use. */
  readonly confirm: boolean;
};

/** Asks for all identities (§4.4). */
export const formatListRequest = (): Buffer => Buffer.of(REQUEST_IDENTITIES);

/** Asks to drop one identity (§4.3). */
export const formatRemoveRequest = (blob: Buffer): Buffer =>
  Buffer.concat([Buffer.of(REMOVE_IDENTITY), sshString(blob)]);

/**
 * Asks to keep a certificate and its key (§4.2, §5.2). The certificate stands for the key: the bare
 * key is not added beside it, so that it is not offered to servers.
 *
 * @throws TypeError for another kind of key.
 */
export const formatAddRequest = (addition: AgentAddition): Buffer =>
  Buffer.concat([
    Buffer.of(ADD_IDENTITY_CONSTRAINED),
    sshString(new SshReader(addition.certificate).string()),
    sshString(addition.certificate),
    privateFields(addition.key),
    sshString(addition.comment),
    Buffer.of(CONSTRAIN_LIFETIME),
    sshUint32(addition.lifetime),
    ...(addition.confirm ? [Buffer.of(CONSTRAIN_CONFIRM)] : []),
  ]);

function privateFields(key: KeyObject): Buffer {
  const { material } = publicSshKey(key);
  const secret = Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
  if (material.type === "ed25519") {
    return Buffer.concat([
      sshString(material.point),
      sshString(Buffer.concat([secret, material.point])),
    ]);
  }
  if (material.type === "ec") return sshUnsigned(secret);
  throw new TypeError("RSA keys are not made for SSH here");
}

/** Whether an agent said that it did what it was asked; false also for an answer to something else. */
export const isSuccess = (answer: Buffer): boolean => answer.equals(Buffer.of(SUCCESS));

/** What an agent holds. @throws FormatError for a refusal or an answer that is none. */
export function parseListAnswer(answer: Buffer): readonly AgentIdentity[] {
  if (answer[0] === FAILURE) throw new FormatError("the agent refuses to list what it holds");
  if (answer[0] !== IDENTITIES_ANSWER)
    throw new FormatError("the agent did not answer with a list");
  const reader = new SshReader(answer.subarray(1));
  const count = reader.uint32();
  if (count > MOST) throw new FormatError(`the agent claims to hold ${count} keys`);
  const identities: AgentIdentity[] = [];
  while (identities.length < count) {
    identities.push({ blob: reader.string(), comment: reader.string().toString() });
  }
  reader.close();
  return identities;
}
