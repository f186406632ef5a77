import { createPublicKey, verify } from "node:crypto";
import type { SignRequest } from "../../keys/signer/messages.ts";
import { grantsOf } from "../../policy/grants.ts";
import type { JoinResult } from "../../protocol/messages.ts";
import { hashSecret, parseSecret } from "../../protocol/join-string.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { Caller } from "../authenticate/caller.ts";
import type { Ledger, StoredCertificate, Token } from "../ledger/ledger.ts";
import type { Serials } from "../ledger/serial.ts";
import type { ActivePolicy } from "./active-policy.ts";
import type { BatchSigner } from "./batch-signer.ts";
import { type PreparedRequest, prepareRequest } from "./prepared-request.ts";
import { renderCertificate } from "./rendered-certificate.ts";
import { isRefused, refusalOf } from "./signer-refusal.ts";

export type JoinDeps = {
  readonly policy: () => ActivePolicy;
  readonly ledger: Pick<
    Ledger,
    "findToken" | "intendJoin" | "record" | "abandon" | "findCertificate"
  >;
  readonly sign: BatchSigner;
  readonly serials: Serials;
  readonly now: () => number;
  /** Told of every identity that was recorded. */
  readonly onIssued?: (authority: string, grant: string) => void;
};

/** A join secret as it came in the header, with the request for the identity, and where it came from. */
export type Redemption = { readonly secret: string; readonly csr: string; readonly from?: string };

/** Redeems join secrets, one redemption of a secret at a time. */
export function createJoiner(deps: JoinDeps): (redemption: Redemption) => Promise<JoinResult> {
  const running = new Map<string, Promise<unknown>>();
  return (redemption) => {
    const { secret } = redemption;
    const before = running.get(secret) ?? Promise.resolve();
    const mine = before.then(
      () => redeemJoin(deps, redemption),
      () => redeemJoin(deps, redemption),
    );
    running.set(secret, mine);
    const forget = (): void => {
      if (running.get(secret) === mine) running.delete(secret);
    };
    mine.then(forget, forget);
    return mine;
  };
}

/**
 * Redeems a join secret for a node's first identity certificate.
 *
 * Nothing is written before the secret, the key's proof and the policy were all found good. The secret is bound to
 * the first key that presents it and spent with the record of the certificate; the same key may ask again, so that
 * a lost reply costs nothing.
 *
 * @throws KeysystemError `join.secret` for every secret that is not good, whatever the reason
 */
async function redeemJoin(deps: JoinDeps, { secret, csr, from }: Redemption): Promise<JoinResult> {
  const token = await findGoodToken(deps, secret);
  const active = deps.policy();
  const caller: Caller = {
    subject: { kind: "node", node: token.node },
    ...(from === undefined ? {} : { from }),
  };
  const grant = identityGrant(active, token.node);
  const prepared = prepareRequest({ grant, csr }, caller, active, {
    serials: deps.serials,
    at: deps.now(),
  });
  proveKey(prepared.order);

  const issued =
    (await findRepeated(deps, token, prepared)) ?? (await issueIdentity(deps, token, prepared));
  const identity = renderCertificate(prepared.plan, issued);
  return { cluster: active.policy.cluster.name, node: token.node, identity };
}

async function findGoodToken({ ledger, now }: JoinDeps, secret: string): Promise<Token> {
  const bytes = parseSecret(secret);
  const token = bytes === undefined ? undefined : await ledger.findToken(hashSecret(bytes));
  if (token === undefined || token.state === "revoked" || token.expiresAt <= now()) {
    const detail = "the secret is unknown, revoked or past its time; ask for a new join string";
    throw new KeysystemError("join.secret", detail);
  }
  return token;
}

/** The grant by which a node gets its identity: its own of authority `nodes`. */
export function identityGrant({ policy }: Pick<ActivePolicy, "policy">, node: string): string {
  for (const { grant, decision } of grantsOf(policy, { kind: "node", node })) {
    if (decision.verdict === "deny" || decision.plan.verb !== "issue") continue;
    if (decision.plan.authority === "nodes") return grant;
  }
  const detail = `the policy gives ${node} no grant of authority nodes, so it cannot join`;
  throw new KeysystemError("policy.not_granted", detail);
}

/** Checked here and not only by the signer: binding the secret to a key is the first thing that is written. */
function proveKey({ publicKey, proof }: SignRequest): void {
  const key = createPublicKey({
    key: Buffer.from(publicKey, "base64"),
    format: "der",
    type: "spki",
  });
  const digest = proof === undefined || proof.hash === "none" ? null : proof.hash;
  const good =
    proof !== undefined &&
    verify(
      digest,
      Buffer.from(proof.signed, "base64"),
      key,
      Buffer.from(proof.signature, "base64"),
    );
  if (!good)
    throw new KeysystemError("key.not_proven", "the request's signature does not fit its key");
}

const spent = (): KeysystemError =>
  new KeysystemError(
    "join.spent",
    "the join string has been used by another key; ask for a new one, and find out who used this one",
  );

type Issued = Required<
  Pick<StoredCertificate, "serial" | "at" | "notBefore" | "notAfter" | "certificate">
>;

/** The certificate that this key got for this secret already, when its answer was lost. */
async function findRepeated(
  { ledger }: JoinDeps,
  token: Token,
  { intent }: PreparedRequest,
): Promise<Issued | undefined> {
  if (token.state !== "spent" || token.serial === undefined) return undefined;
  const stored = await ledger.findCertificate(token.serial);
  if (stored?.key !== intent.key) throw spent();
  const { serial, at, notBefore, notAfter, certificate } = stored;
  if (notBefore === undefined || notAfter === undefined || certificate === undefined) throw spent();
  return { serial, at, notBefore, notAfter, certificate };
}

async function issueIdentity(
  { ledger, sign, onIssued }: JoinDeps,
  token: Token,
  { intent, order }: PreparedRequest,
): Promise<Issued> {
  if ((await ledger.intendJoin(token.id, intent.key, intent)) === "spent") throw spent();
  const { authority, serial, at } = intent;
  const result = await sign(intent.policy, order);
  if (isRefused(result)) {
    await ledger.abandon([{ authority, serial, why: `${result.refused}: ${result.detail}` }]);
    throw refusalOf(result);
  }
  const { notBefore, notAfter } = result;
  const certificate = Buffer.from(result.certificate, "base64");
  const join = { tokenId: token.id, node: token.node };
  const record = { authority, serial, notBefore, notAfter, certificate, at };
  await ledger.record([{ ...record, join, identityOf: token.node }]);
  onIssued?.(authority, intent.grant);
  return record;
}
