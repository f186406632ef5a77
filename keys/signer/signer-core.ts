import { decide } from "../../policy/decide.ts";
import type { Ask, IssuePlan, Policy } from "../../policy/decision.ts";
import type { Authority } from "./authority.ts";
import { createOwnKeys } from "./own-keys.ts";
import { Refusal, toRefused, type Claim, type Issued, type Outcome, type Proof } from "./claim.ts";
import { keyIdentifier } from "./key-identifier.ts";
import { createSerialMemory, type SerialMemory } from "./serial-memory.ts";
import type { ServerProfile } from "./server-profile.ts";
import { createSshMaker, readSshKey } from "./ssh-signature.ts";
import { checkProof, createTlsMaker, readTlsKey, type TlsJob } from "./tls-signature.ts";

/** Seconds by which keyserver's clock may differ from the signer's. */
const MAX_CLOCK_DIFFERENCE = 60;
/** 20 octets, positive (RFC 5280 §4.1.2.2). */
const TLS_SERIAL = /^(?!0{40})[0-7][0-9a-f]{39}$/;
const SSH_SERIAL = /^(?!0{16})[0-9a-f]{16}$/;

/** The signer for one policy, without its socket. Refusals are values: no claim makes it throw. */
export type SignerCore = {
  /** SHA-256 of the policy that decides here, hex. */
  readonly policyHash: string;
  /** Checks a claim, decides, makes the certificate, checks it back. */
  readonly sign: (claim: Claim) => Outcome;
  /** The same for keyserver's own certificate, which no grant covers. */
  readonly signServer: (claim: ServerClaim, profile: ServerProfile) => Outcome;
};

/** A claim to be keyserver; what its certificate says comes from the signer's own configuration. */
export type ServerClaim = Pick<Claim, "serial" | "at" | "publicKey"> & { readonly proof: Proof };

/** What a core is made from. */
export type SignerCoreParts = {
  readonly policy: Policy;
  readonly policyHash: string;
  readonly authorities: ReadonlyMap<string, Authority>;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Shared with the cores of other policies, where there are any. */
  readonly serials?: SerialMemory;
};

/**
 * Makes the signer for one policy. It decides by that policy and builds certificates itself, so
 * that whoever asks gets at most what the policy gives to the one it claims to ask for.
 */
export function createSignerCore(parts: SignerCoreParts): SignerCore {
  const { policy, policyHash, authorities, now } = parts;
  const serials = parts.serials ?? createSerialMemory();
  const makeTls = createTlsMaker();
  const makeSsh = createSshMaker();
  const own = createOwnKeys([...authorities.values()]);

  function makeProven(proof: Proof, job: Omit<TlsJob, "keyId">): ReturnType<typeof makeTls> {
    const keyId = keyIdentifier(job.key.bits);
    own.refuseKeyId(keyId);
    checkProof(job.key, proof);
    spend(serials, job.serial);
    return makeTls({ ...job, keyId });
  }

  function signTls(claim: Claim, proof: Proof): Issued {
    checkClaim(claim, TLS_SERIAL, now());
    const key = readTlsKey(claim.publicKey);
    const plan = planOf(policy, claim, { ...claim.ask, key: key.kind });
    const { content } = plan;
    const authority = authorities.get(plan.authority);
    if (content.kind !== "tls" || authority?.kind !== "tls") throw notFitting(plan, "TLS");
    const job = { content, ...termOf(plan, claim), authority, key };
    return { authority: plan.authority, grant: plan.grant, ...makeProven(proof, job) };
  }

  function signSsh(claim: Claim): Issued {
    checkClaim(claim, SSH_SERIAL, now());
    const key = readSshKey(claim.publicKey);
    const plan = planOf(policy, claim, { ...claim.ask, key: key.kind });
    const { content } = plan;
    const authority = authorities.get(plan.authority);
    if (content.kind === "tls" || authority === undefined || authority.kind !== content.kind) {
      throw notFitting(plan, "SSH");
    }
    own.refuseSshKey(key.blob);
    spend(serials, claim.serial);
    const made = makeSsh({ content, ...termOf(plan, claim), authority, key });
    return { authority: plan.authority, grant: plan.grant, ...made };
  }

  function signForServer(claim: ServerClaim, profile: ServerProfile): Issued {
    checkClaim(claim, TLS_SERIAL, now());
    const authority = authorities.get(profile.authority);
    if (authority?.kind !== "tls") {
      throw new Refusal("signer.refused", `there is no TLS authority ${profile.authority}`);
    }
    const key = readTlsKey(claim.publicKey);
    const job = { content: profile.content, ...termOf(profile, claim), authority, key };
    return { authority: profile.authority, grant: "", ...makeProven(claim.proof, job) };
  }

  return {
    policyHash,
    sign: (claim) =>
      toOutcome(() => (claim.proof === undefined ? signSsh(claim) : signTls(claim, claim.proof))),
    signServer: (claim, profile) => toOutcome(() => signForServer(claim, profile)),
  };
}

function toOutcome(make: () => Issued): Outcome {
  try {
    return make();
  } catch (error) {
    return toRefused(error);
  }
}

function checkClaim({ serial, at }: Pick<Claim, "serial" | "at">, form: RegExp, now: number): void {
  if (!form.test(serial)) throw new Refusal("signer.refused", "the serial number has another form");
  if (Math.abs(at - now) <= MAX_CLOCK_DIFFERENCE) return;
  const detail = `the clocks of keyserver and signer differ by ${Math.abs(at - now)} s`;
  throw new Refusal("signer.refused", detail);
}

/** The plan that the signer's own policy makes of a claim. @throws Refusal */
function planOf(policy: Policy, { subject }: Claim, ask: Ask): IssuePlan {
  const decision = decide(policy, subject, ask);
  if (decision.verdict === "deny") throw new Refusal(decision.code, decision.detail);
  if (decision.plan.verb === "issue" && subject.kind !== "root") return decision.plan;
  throw new Refusal("signer.refused", `grant ${ask.grant} gives no certificate`);
}

/** What a job takes from a plan and its claim. */
function termOf(
  { lifetime, backdate }: { readonly lifetime: number; readonly backdate: number },
  { serial, at }: Pick<Claim, "serial" | "at">,
): Pick<TlsJob, "lifetime" | "backdate" | "serial" | "at"> {
  return { lifetime, backdate, serial, at };
}

function spend(serials: SerialMemory, serial: string): void {
  if (serials.add(serial)) return;
  throw new Refusal("signer.refused", `serial ${serial} was signed before`);
}

const notFitting = ({ grant, authority }: IssuePlan, kind: string): Refusal =>
  new Refusal(
    "signer.refused",
    `grant ${grant} and authority ${authority} do not fit a request for a ${kind} certificate`,
  );
