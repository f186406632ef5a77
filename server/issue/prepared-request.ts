import type { Ask, IssuePlan, Policy, Subject } from "../../policy/decision.ts";
import { decide } from "../../policy/decide.ts";
import { subjectText } from "../../policy/identify.ts";
import type { SignRequest } from "../../keys/signer/messages.ts";
import type { CertificateRequest } from "../../protocol/messages.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { Caller } from "../authenticate/caller.ts";
import type { Intent } from "../ledger/ledger.ts";
import type { Serials } from "../ledger/serial.ts";
import type { ActivePolicy } from "./active-policy.ts";
import { denialError } from "./denial.ts";
import { parseRequestedKey, type RequestedKey } from "./requested-key.ts";

/** A request that the policy allows, with everything that the ledger and the signer need to know of it. */
export type PreparedRequest = {
  readonly plan: IssuePlan;
  readonly intent: Intent;
  readonly order: SignRequest;
};

/**
 * Parses, decides and numbers one request. Nothing is recorded yet.
 *
 * @throws KeysystemError with the code of the refusal
 */
export function prepareRequest(
  request: CertificateRequest,
  caller: Caller,
  { policy, hash }: ActivePolicy,
  { serials, at }: { readonly serials: Serials; readonly at: number },
): PreparedRequest {
  const key = parseRequestedKey(request);
  const { subject, from } = caller;
  const choices = {
    grant: request.grant,
    ...(from === undefined ? {} : { from }),
    ...(request.lifetime === undefined ? {} : { lifetime: request.lifetime }),
    ...(request.principals === undefined ? {} : { choose: request.principals }),
    ...(request.reason === undefined ? {} : { reason: request.reason }),
  };
  const decision = decide(policy, subject, { ...choices, key: key.kind });
  if (decision.verdict === "deny") {
    if (decision.code === "policy.key_kind") explainForm(policy, subject, choices, key);
    throw denialError(policy, caller, request.grant, decision);
  }
  const plan = issuePlan(decision.plan, request.grant);
  checkForm(plan, key);

  const serial = key.form === "tls" ? serials.tls() : serials.ssh();
  return {
    plan,
    intent: {
      authority: plan.authority,
      serial,
      grant: plan.grant,
      subject: subjectText(subject),
      key: key.fingerprint,
      policy: hash,
      at,
      ...(from === undefined ? {} : { from }),
      ...(request.reason === undefined ? {} : { reason: request.reason }),
    },
    order: {
      serial,
      subject,
      ...choices,
      at,
      publicKey: key.bytes.toString("base64"),
      ...(key.proof === undefined ? {} : { proof: key.proof }),
    },
  };
}

function issuePlan(plan: { readonly verb: string } | IssuePlan, grant: string): IssuePlan {
  if ("content" in plan) return plan;
  const detail = `grant ${grant} is for ${plan.verb}, not for a certificate`;
  throw new KeysystemError("request.malformed", detail);
}

/** A request in the wrong form has a key of the wrong kind too; its form is the thing to say. */
function explainForm(policy: Policy, subject: Subject, ask: Ask, key: RequestedKey): void {
  const decision = decide(policy, subject, ask);
  if (decision.verdict === "allow") checkForm(issuePlan(decision.plan, ask.grant), key);
}

function checkForm(plan: IssuePlan, key: RequestedKey): void {
  const wanted = plan.content.kind === "tls" ? "tls" : "ssh";
  if (wanted === key.form) return;
  const field = wanted === "tls" ? "csr, a PKCS#10 request in PEM" : "publicKey, an OpenSSH line";
  const detail = `grant ${plan.grant} makes a certificate of kind ${plan.content.kind}: send ${field}`;
  throw new KeysystemError("request.malformed", detail);
}
