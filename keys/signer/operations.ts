import { describeAuthority, type Authority } from "./authority.ts";
import type { Claim, Outcome } from "./claim.ts";
import type { SignerReply, SignResult } from "./messages.ts";
import type { OperationRequest } from "./operation-request.ts";
import type { PolicyCores } from "./policy-cores.ts";
import type { ServerProfile } from "./server-profile.ts";
import { messageOf } from "./signer-error.ts";
import type { RecordEntry, SignRecord } from "./sign-record.ts";

/** What the signer says for its operator. */
export type SignerLog = {
  readonly info: (fields: object, message: string) => void;
  readonly error: (fields: object, message: string) => void;
};

/** What the operations work with. */
export type OperationsParts = {
  readonly authorities: ReadonlyMap<string, Authority>;
  readonly cores: PolicyCores;
  readonly record: SignRecord;
  readonly server: ServerProfile;
  readonly log: SignerLog;
};

type Request<Op extends OperationRequest["op"]> = Extract<OperationRequest, { readonly op: Op }>;

/** Answers the requests of messages.ts, one after the other. Never throws. */
export function createOperations(
  parts: OperationsParts,
): (request: OperationRequest) => SignerReply {
  const { authorities, cores, record, server, log } = parts;
  let signed = 0;

  /** Nothing leaves before it is in the record. */
  function release(
    outcomes: readonly Outcome[],
    entries: readonly RecordEntry[],
  ): readonly SignResult[] {
    if (entries.length > 0) record.append(entries);
    signed += entries.length;
    for (const outcome of outcomes) {
      if ("refused" in outcome) logRefusal(log, outcome);
    }
    return outcomes.map(toResult);
  }

  function sign({ policy, batch }: Request<"sign">): readonly SignResult[] {
    const core = cores.find(policy);
    if (core === undefined) return batch.map(() => UNKNOWN_POLICY);
    const entries: RecordEntry[] = [];
    const outcomes = batch.map((claim) => {
      const outcome = core.sign(claim);
      if (!("refused" in outcome)) entries.push(toEntry(claim, policy, outcome));
      return outcome;
    });
    return release(outcomes, entries);
  }

  function signServer({ claim }: Request<"sign-server">): readonly SignResult[] {
    const core = cores.current();
    const outcome = core.signServer(claim, server);
    if ("refused" in outcome) return release([outcome], []);
    const { at, serial } = claim;
    const subject = { kind: "keyserver" } as const;
    return release([outcome], [{ at, serial, subject, policy: core.policyHash, issued: outcome }]);
  }

  function answer(request: OperationRequest): SignerReply {
    const { id, op } = request;
    if (op === "sign") return { id, results: sign(request) };
    if (op === "sign-server") return { id, results: signServer(request) };
    if (op === "authorities") {
      return { id, authorities: [...authorities.values()].map(describeAuthority) };
    }
    if (op === "reload") cores.reload();
    return { id, policy: cores.current().policyHash, signed };
  }

  return (request) => {
    try {
      return answer(request);
    } catch (error) {
      log.error({ op: request.op, error: messageOf(error) }, "operation failed");
      return { id: request.id, error: messageOf(error) };
    }
  };
}

const UNKNOWN_POLICY: SignResult = {
  refused: "signer.refused",
  detail: "the signer has loaded another policy: apply it to both",
};

const toEntry = (
  { at, serial, subject }: Claim,
  policy: string,
  issued: RecordEntry["issued"],
): RecordEntry => ({ at, serial, subject, policy, issued });

/** A fault of ours is told to the operator alone. */
function toResult(outcome: Outcome): SignResult {
  if (!("refused" in outcome)) {
    const { certificate, notBefore, notAfter } = outcome;
    return { certificate: certificate.toString("base64"), notBefore, notAfter };
  }
  if (outcome.refused !== "internal") return outcome;
  return { refused: "internal", detail: "the signer failed; its log says why" };
}

function logRefusal(
  log: SignerLog,
  { refused, detail }: { refused: string; detail: string },
): void {
  const fields = { code: refused, detail };
  if (refused === "internal") log.error(fields, "claim failed");
  else log.info(fields, "claim refused");
}
