import type { SignResult } from "../../keys/signer/messages.ts";
import type {
  CertificateRequest,
  CertificateResults,
  Checkpoint,
} from "../../protocol/messages.ts";
import { KeysystemError, toProblem } from "../../protocol/problems.ts";
import type { Caller } from "../authenticate/caller.ts";
import type { IssuedRecord, Ledger } from "../ledger/ledger.ts";
import type { Serials } from "../ledger/serial.ts";
import type { ActivePolicy } from "./active-policy.ts";
import type { BatchSigner } from "./batch-signer.ts";
import { renderCertificate } from "./rendered-certificate.ts";
import { type PreparedRequest, prepareRequest } from "./prepared-request.ts";
import { isRefused, refusalOf } from "./signer-refusal.ts";

export type IssuerDeps = {
  readonly policy: () => ActivePolicy;
  readonly ledger: Pick<Ledger, "intend" | "record" | "abandon" | "checkpoint">;
  readonly sign: BatchSigner;
  readonly serials: Serials;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Told of every refusal and failure, once, with the operator's detail in the error. */
  readonly onRefusal?: (caller: Caller, grant: string, error: unknown) => void;
  /** Told of every certificate that was recorded. */
  readonly onIssued?: (authority: string, grant: string) => void;
};

/** The way to a certificate for every caller but one that joins. */
export type Issuer = {
  /** Issues what the caller is granted, each request on its own: one refusal does not spoil the others. */
  issueAll(caller: Caller, requests: readonly CertificateRequest[]): Promise<CertificateResults>;
};

type Outcome = CertificateResults["results"][number];

/**
 * How many certificates may be on their way at once. Beyond it a caller is sent away at once, which costs nothing,
 * instead of waiting longer than it is willing to.
 */
const MOST_IN_FLIGHT = 4096;

/** How the ledger names nodes among subjects. */
const NODE = "node:";

/** The one path from a request to a signature: decide, intend, sign, record, answer. */
export function createIssuer(deps: IssuerDeps): Issuer {
  let inFlight = 0;

  return {
    async issueAll(caller, requests) {
      if (inFlight + requests.length > MOST_IN_FLIGHT) {
        throw new KeysystemError("server.busy", `${inFlight} certificates are on their way`);
      }
      inFlight += requests.length;
      try {
        return await issueBatch(deps, caller, requests);
      } finally {
        inFlight -= requests.length;
      }
    },
  };
}

async function issueBatch(
  deps: IssuerDeps,
  caller: Caller,
  requests: readonly CertificateRequest[],
): Promise<CertificateResults> {
  const policy = deps.policy();
  const at = deps.now();
  const outcomes: (Outcome | undefined)[] = requests.map(() => undefined);
  const refuse = (index: number, error: unknown): void => {
    outcomes[index] = { problem: toProblem(error) };
    deps.onRefusal?.(caller, requests[index]?.grant ?? "", error);
  };

  const prepared = new Map<number, PreparedRequest>();
  requests.forEach((request, index) => {
    try {
      prepared.set(index, prepareRequest(request, caller, policy, { serials: deps.serials, at }));
    } catch (error) {
      refuse(index, error);
    }
  });

  const checkpoint = await signAndRecord(deps, prepared, policy.hash, (index, outcome) => {
    if (outcome instanceof Error) refuse(index, outcome);
    else outcomes[index] = outcome;
  });
  return { results: outcomes.map(settled), checkpoint };
}

const settled = (outcome: Outcome | undefined): Outcome =>
  outcome ?? { problem: toProblem(new TypeError("a request was left without an outcome")) };

/** Intends, signs and records; every request gets exactly one outcome by `settle`. */
async function signAndRecord(
  deps: IssuerDeps,
  prepared: ReadonlyMap<number, PreparedRequest>,
  policy: string,
  settle: (index: number, outcome: Outcome | Error) => void,
): Promise<Checkpoint> {
  if (prepared.size === 0) return deps.ledger.checkpoint();
  const items = [...prepared];
  // On disk before the key is used: a crash in between leaves a row to explain, never a certificate nobody knows of.
  await deps.ledger.intend(items.map(([, { intent }]) => intent));
  const signed = await Promise.all(
    items.map(async ([index, item]) => ({
      index,
      item,
      result: await signOne(deps, policy, item),
    })),
  );

  const failed = signed.filter(({ result }) => isRefused(result));
  const issued: { index: number; item: PreparedRequest; record: IssuedRecord }[] = [];
  for (const { index, item, result } of signed) {
    if (isRefused(result)) settle(index, refusalOf(result));
    else issued.push({ index, item, record: recordOf(item, result) });
  }
  if (failed.length > 0) {
    await deps.ledger.abandon(
      failed.map(({ item, result }) => ({
        authority: item.intent.authority,
        serial: item.intent.serial,
        why: isRefused(result) ? `${result.refused}: ${result.detail}` : "",
      })),
    );
  }
  if (issued.length === 0) return deps.ledger.checkpoint();
  const checkpoint = await deps.ledger.record(issued.map(({ record }) => record));
  for (const { index, item, record } of issued) {
    deps.onIssued?.(item.intent.authority, item.intent.grant);
    settle(index, renderCertificate(item.plan, record));
  }
  return checkpoint;
}

async function signOne(
  { sign }: IssuerDeps,
  policy: string,
  { order }: PreparedRequest,
): Promise<SignResult> {
  try {
    return await sign(policy, order);
  } catch (error) {
    return {
      refused: "signer.unavailable",
      detail: error instanceof Error ? error.message : String(error),
    };
  }
}

function recordOf(
  { plan, intent }: PreparedRequest,
  result: Extract<SignResult, { readonly certificate: string }>,
): IssuedRecord {
  const isIdentity = plan.authority === "nodes" && intent.subject.startsWith(NODE);
  const identityOf = isIdentity ? intent.subject.slice(NODE.length) : undefined;
  return {
    authority: intent.authority,
    serial: intent.serial,
    notBefore: result.notBefore,
    notAfter: result.notAfter,
    certificate: Buffer.from(result.certificate, "base64"),
    at: intent.at,
    ...(identityOf === undefined ? {} : { identityOf }),
  };
}
