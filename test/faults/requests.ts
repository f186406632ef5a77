import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { Value } from "typebox/value";
import { formatSshPublicKey, sshKeyOf } from "../../keys/formats/ssh-public-key.ts";
import { IssuedToken } from "../../protocol/admin-messages.ts";
import { CertificateResults } from "../../protocol/messages.ts";
import { ADMIN_PATHS, PATHS } from "../../protocol/paths.ts";
import type { Cluster } from "../harness/cluster.ts";
import {
  askHttps,
  type HttpsAnswer,
  type Identity,
  joinByHand,
  makeRequest,
} from "../harness/test-node.ts";
import { askOverSocket } from "../harness/unix-request.ts";

/** An SSH public key line of a new Ed25519 key. */
function makeSshKey(): string {
  const spki = generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" });
  // RFC 8410 §4: the key is the last 32 bytes.
  return formatSshPublicKey(sshKeyOf({ type: "ed25519", point: spki.subarray(-32) }));
}

/** A TLS certificate, an SSH host certificate and a renewed identity. */
export const makeBatch = (): readonly object[] => [
  { grant: "web", csr: makeRequest().csr },
  { grant: "ssh-host", publicKey: makeSshKey() },
  { grant: "node-identity", csr: makeRequest().csr },
];

/** Asks for `makeBatch()` over a connection of its own. */
export const askBatch = (cluster: Cluster, identity: Identity): Promise<HttpsAnswer> =>
  askHttps(cluster, PATHS.certificates, { identity, body: { requests: makeBatch() } });

/** Serials of the certificates in an answer to a batch; none for any other answer. */
export function serialsIn({
  status,
  body,
}: Pick<HttpsAnswer, "status" | "body">): readonly string[] {
  if (status !== 200) return [];
  const { results } = Value.Parse(CertificateResults, JSON.parse(body));
  return results.flatMap((result) => ("problem" in result ? [] : [result.serial]));
}

/** Joins a node by hand and shows its identity once, so that the ledger knows it as the one in use. */
export async function joinAndUse(cluster: Cluster, node: string): Promise<Identity> {
  const identity = await joinByHand(cluster, node);
  const { status } = await askHttps(cluster, PATHS.grants, { identity });
  if (status !== 200) throw new Error(`the new identity of ${node} is refused: ${status}`);
  return identity;
}

/** Admits a node over the admin socket, as `keyserver node admit` does; gives the join string. */
export async function admitOverSocket({ root }: Cluster, node: string): Promise<string> {
  const socket = join(root, "run/keysystem/admin.sock");
  const answer = await askOverSocket(socket, "POST", ADMIN_PATHS.tokens, { node, ttl: 3600 });
  if (answer.status !== 200) throw new Error(`admit of ${node}: ${answer.status} ${answer.body}`);
  return Value.Parse(IssuedToken, JSON.parse(answer.body)).joinString;
}
