import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseRequest } from "../../../keys/formats/certificate-request.ts";
import { createAuthority, loadAuthorities } from "../../../keys/signer/authority-files.ts";
import { createSignerCore, type SignerCore } from "../../../keys/signer/signer-core.ts";
import type { Policy } from "../../../policy/decision.ts";
import { readPolicy } from "../../../policy/read.ts";
import type { CertificateRequest } from "../../../protocol/messages.ts";
import { createSerials } from "../../../server/ledger/serial.ts";
import type { Measure } from "../measure.ts";
import { benchNodes, benchPolicy } from "../policy.ts";
import { createTlsBatches } from "../requests.ts";

const NODES = 32;
/** Certificates between two looks at the clock. */
const ROUND = 64;

/**
 * `issue.inprocess`: a PKCS#10 request in PEM to a certificate that was parsed back, in one process
 * and on one core: everything but the network, the ledger and the way to the signer.
 */
export const issueInProcess: Measure = {
  names: ["issue.inprocess"],
  async run({ ceiling, seconds, warmSeconds }) {
    const folder = mkdtempSync(join(tmpdir(), "keysystem-signer-"));
    try {
      const issue = createIssue(await createCore(folder));
      await repeat(issue, warmSeconds);
      const value = await repeat(issue, seconds);
      const ratio = value / (await ceiling());
      const of = "OpenSSL's P-256 bound of one core";
      return { "issue.inprocess": { value, unit: "certificates/s", ratio, of } };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const now = (): number => Math.floor(Date.now() / 1000);

async function createCore(directory: string): Promise<SignerCore> {
  const { policy, diagnostics } = readPolicy(benchPolicy(NODES, true), { file: "bench.yaml" });
  if (policy === undefined) throw new Error(`bench policy: ${diagnostics[0]?.message ?? ""}`);
  const secret = randomBytes(32);
  await createAuthorities(policy, directory, secret);
  const authorities = loadAuthorities(directory, secret);
  return createSignerCore({ policy, policyHash: "0".repeat(64), authorities, now });
}

async function createAuthorities(policy: Policy, directory: string, secret: Buffer): Promise<void> {
  for (const { name, kind } of policy.authorities.values()) {
    const keyKind = kind === "tls" ? "ecdsa-p256" : "ed25519";
    await createAuthority({ directory, cluster: "bench", name, kind, keyKind, secret, now: now() });
  }
}

/** One certificate a call: requests and nodes in turn. @throws Error when one is refused. */
function createIssue({ sign }: SignerCore): () => void {
  const requests = createTlsBatches(8).flatMap((batch) => batch.requests);
  const nodes = [...benchNodes(NODES)];
  const serials = createSerials({ now, randomBytes });
  const pick = <T>(from: readonly T[], turn: number): T => {
    const picked = from[turn % from.length];
    if (picked === undefined) throw new TypeError("nothing to pick from");
    return picked;
  };
  let turn = 0;
  return () => {
    const request: CertificateRequest = pick(requests, turn);
    const [node, from] = pick(nodes, turn);
    turn += 1;
    const { key, ...proof } = parseRequest(request.csr ?? "");
    const outcome = sign({
      serial: serials.tls(),
      subject: { kind: "node", node },
      ask: { grant: request.grant, from },
      at: now(),
      publicKey: key.spki,
      proof,
    });
    if ("refused" in outcome) throw new Error(`refused: ${outcome.refused}: ${outcome.detail}`);
  };
}

/** Calls `work` for so many seconds and gives calls a second. */
async function repeat(work: () => void, seconds: number): Promise<number> {
  const start = performance.now();
  let calls = 0;
  for (;;) {
    for (let turn = 0; turn < ROUND; turn += 1) work();
    calls += ROUND;
    const milliseconds = performance.now() - start;
    if (milliseconds > seconds * 1000) return (calls * 1000) / milliseconds;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
