import { generateKeyPairSync } from "node:crypto";
import type { CertificateRequest } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import { createKeyAndRequest } from "../harness/key-request.ts";
import { TLS_GRANTS } from "./policy.ts";

/** Different keys in the requests of one measure: enough that nothing is asked for twice in a moment. */
const BODIES = 192;

/** What is asked in one measure, ready as `body` of a request each. */
export type Batches = readonly { readonly requests: readonly CertificateRequest[] }[];

/** Batches of `size` TLS certificates over the grants of a master, each for a P-256 key of its own. */
export const createTlsBatches = (size: number): Batches =>
  createBatches(size, (turn) => ({
    grant: TLS_GRANTS[turn % TLS_GRANTS.length] ?? TLS_GRANTS[0],
    csr: createKeyAndRequest().csr,
  }));

/** Batches of `size` SSH host certificates, each for an Ed25519 key of its own. */
export const createSshBatches = (size: number): Batches =>
  createBatches(size, () => ({ grant: "ssh-host", publicKey: createSshKey() }));

const createBatches = (size: number, create: (turn: number) => CertificateRequest): Batches =>
  Array.from({ length: BODIES }, (_, body) => ({
    requests: Array.from({ length: size }, (_, index) => create(body * size + index)),
  }));

/** An Ed25519 public key that nobody holds: nothing asks for a proof of it. */
function createSshKey(): string {
  const { publicKey } = generateKeyPairSync("ed25519");
  const point = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return `ssh-ed25519 ${Buffer.concat([sshString("ssh-ed25519"), sshString(point)]).toString("base64")}`;
}

function sshString(content: string | Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, Buffer.from(content)]);
}

/** The bytes of `POST /v1/certificates` with a batch. */
export function formatHttpRequest(host: string, body: Batches[number]): Buffer {
  const bytes = Buffer.from(JSON.stringify(body));
  const head = [
    `POST ${PATHS.certificates} HTTP/1.1`,
    `Host: ${host}`,
    "Content-Type: application/json",
    `Content-Length: ${bytes.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), bytes]);
}
