import { sshKeyOf } from "../formats/ssh-public-key.ts";
import type { Authority } from "./authority.ts";
import { Refusal } from "./claim.ts";

/** The authorities' own keys, for which no certificate is ever made. */
export type OwnKeys = {
  /** @throws Refusal `key.weak` */
  refuseKeyId(keyId: Buffer): void;
  /** @throws Refusal `key.weak` */
  refuseSshKey(blob: Buffer): void;
};

/** Knows the keys of these authorities in both of their forms. */
export function createOwnKeys(authorities: readonly Authority[]): OwnKeys {
  const ids = new Set(authorities.map(({ keyId }) => keyId));
  const blobs = new Set(authorities.map(({ publicKey }) => hex(sshKeyOf(publicKey.material).blob)));
  const refuseIf = (own: boolean): void => {
    if (own) throw new Refusal("key.weak", "the key belongs to an authority");
  };
  return {
    refuseKeyId: (keyId) => refuseIf(ids.has(hex(keyId))),
    refuseSshKey: (blob) => refuseIf(blobs.has(hex(blob))),
  };
}

const hex = (bytes: Buffer): string => bytes.toString("hex");
