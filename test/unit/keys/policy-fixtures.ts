import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuthorityKind, Policy } from "../../../policy/decision.ts";
import { createAuthority } from "../../../keys/signer/authority-files.ts";
import type { AuthorityKeyKind } from "../../../keys/signer/authority-key.ts";
import type { Authority } from "../../../keys/signer/authority.ts";
import type { Claim } from "../../../keys/signer/claim.ts";
import { loadPolicy } from "../../../keys/signer/policy-file.ts";
import { proofOf, type TestKey } from "./key-fixtures.ts";

/** The example policy that the whole project tests with. */
export const EXAMPLE = join(import.meta.dirname, "../../fixtures/policy.example.yaml");

/** Seconds since 1970 at which tests take place. */
export const NOW = Date.parse("2026-11-20T12:00:00Z") / 1000;

export const SECRET = Buffer.from("correct horse battery staple");

/** Key kinds such that every kind of authority signs something of the example. */
const KEY_KINDS: Readonly<Record<string, AuthorityKeyKind>> = {
  "etcd-peer": "ecdsa-p384",
  "etcd-client": "ed25519",
  services: "rsa-3072",
  "ssh-host": "ed25519",
  "ssh-user": "ecdsa-p256",
};

/** Makes every authority of a policy in a directory, which the caller removes. */
export async function makeAuthorities(
  directory: string,
  authorities: Iterable<{ readonly name: string; readonly kind: AuthorityKind }>,
  now = NOW,
): Promise<ReadonlyMap<string, Authority>> {
  const made = new Map<string, Authority>();
  for (const { name, kind } of authorities) {
    const keyKind = KEY_KINDS[name] ?? "ecdsa-p256";
    const wanted = { directory, cluster: "hyades", name, kind, keyKind, secret: SECRET, now };
    made.set(name, await createAuthority(wanted));
  }
  return made;
}

/** The example with its authorities, in a folder of its own. */
export async function makeCluster(): Promise<{
  readonly folder: string;
  readonly policy: Policy;
  readonly authorities: ReadonlyMap<string, Authority>;
  readonly remove: () => void;
}> {
  const folder = mkdtempSync(join(tmpdir(), "signer-"));
  const { policy } = loadPolicy(EXAMPLE);
  const authorities = await makeAuthorities(folder, policy.authorities.values());
  return { folder, policy, authorities, remove: () => rmSync(folder, { recursive: true }) };
}

/** A new serial number for TLS. */
export function tlsSerial(): string {
  const serial = randomBytes(20);
  serial.writeUInt8(serial.readUInt8(0) & 0x7f, 0);
  return serial.toString("hex");
}

/** A new serial number for SSH. */
export const sshSerial = (): string => randomBytes(8).toString("hex");

/** A claim of a node for a TLS certificate, all of it right. */
export function tlsClaim(node: string, grant: string, key: TestKey): Claim {
  const proof = proofOf(key);
  return { ...claimOf(node, grant), serial: tlsSerial(), publicKey: key.spki, proof };
}

/** A claim of a node for an SSH certificate, all of it right. */
export function sshClaim(node: string, grant: string, key: TestKey): Claim {
  return { ...claimOf(node, grant), serial: sshSerial(), publicKey: key.ssh };
}

const claimOf = (node: string, grant: string): Pick<Claim, "subject" | "ask" | "at"> => ({
  subject: { kind: "node", node },
  ask: { grant },
  at: NOW,
});
