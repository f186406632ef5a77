import type { Subject } from "../../policy/decision.ts";
import type { Claim, Proof } from "./claim.ts";
import type { ServerClaim } from "./signer-core.ts";
import { SignerError } from "./signer-error.ts";

/** A SignerRequest of messages.ts, decoded: the closed table of what may be asked. */
export type OperationRequest =
  | {
      readonly id: number;
      readonly op: "sign";
      readonly policy: string;
      readonly batch: readonly Claim[];
    }
  | { readonly id: number; readonly op: "sign-server"; readonly claim: ServerClaim }
  | { readonly id: number; readonly op: "authorities" | "reload" | "status" };

/** Limits of what is looked at: requests in a batch, characters of a text and of base64, items of a list. */
const MAX_BATCH = 1024;
const MAX_TEXT = 512;
const MAX_BASE64 = 16_384;
const MAX_ITEMS = 4096;

/**
 * Decodes a request. By hand, since a schema library would be the largest part of the process that
 * holds the keys.
 *
 * @throws SignerError `signer.protocol` for an unknown operation, an unknown or missing field, or a
 * value of another type.
 */
export function parseOperation(value: unknown): OperationRequest {
  const op = isObject(value) ? value["op"] : undefined;
  switch (op) {
    case "sign": {
      const { id, policy, batch } = readFields(value, ["id", "op", "policy", "batch"]);
      const items = readList(batch, MAX_BATCH);
      if (items.length === 0) return refuse();
      return { id: readWhole(id), op, policy: readText(policy), batch: items.map(readClaim) };
    }
    case "sign-server": {
      const { id, request } = readFields(value, ["id", "op", "request"]);
      return { id: readWhole(id), op, claim: readServerClaim(request) };
    }
    case "authorities":
    case "reload":
    case "status":
      return { id: readWhole(readFields(value, ["id", "op"])["id"]), op };
    default:
      return refuse();
  }
}

const CLAIM = ["serial", "subject", "grant", "at", "publicKey"] as const;
const CLAIM_CHOICES = ["from", "lifetime", "choose", "reason", "proof"] as const;

function readClaim(value: unknown): Claim {
  const fields = readFields(value, CLAIM, CLAIM_CHOICES);
  const { serial, subject, at, publicKey, proof } = fields;
  return {
    serial: readText(serial),
    subject: readSubject(subject),
    ask: readAsk(fields),
    at: readWhole(at),
    publicKey: readBytes(publicKey),
    ...(proof === undefined ? {} : { proof: readProof(proof) }),
  };
}

function readAsk({ grant, from, lifetime, choose, reason }: Fields<AskField>): Claim["ask"] {
  return {
    grant: readText(grant),
    ...(from === undefined ? {} : { from: readText(from) }),
    ...(lifetime === undefined ? {} : { lifetime: readLifetime(lifetime) }),
    ...(choose === undefined ? {} : { choose: readTexts(choose) }),
    ...(reason === undefined ? {} : { reason: readText(reason) }),
  };
}
type AskField = "grant" | "from" | "lifetime" | "choose" | "reason";

function readServerClaim(value: unknown): ServerClaim {
  const fields = readFields(value, ["serial", "at", "publicKey", "proof"]);
  return {
    serial: readText(fields.serial),
    at: readWhole(fields.at),
    publicKey: readBytes(fields.publicKey),
    proof: readProof(fields.proof),
  };
}

function readSubject(value: unknown): Subject {
  const kind = isObject(value) ? value["kind"] : undefined;
  if (kind === "node") {
    return { kind, node: readText(readFields(value, ["kind", "node"]).node) };
  }
  if (kind === "person") return readPerson(value);
  if (kind !== "root") return refuse();
  readFields(value, ["kind"]);
  return { kind };
}

function readPerson(value: unknown): Subject {
  const fields = readFields(value, ["kind", "in"], ["principal", "user"]);
  const { principal, user } = fields;
  return {
    kind: "person",
    in: readTexts(fields.in),
    ...(principal === undefined ? {} : { principal: readText(principal) }),
    ...(user === undefined ? {} : { user: readText(user) }),
  };
}

function readProof(value: unknown): Proof {
  const { signed, signature, hash } = readFields(value, ["signed", "signature", "hash"]);
  if (hash !== "sha256" && hash !== "sha384" && hash !== "sha512" && hash !== "none") {
    return refuse();
  }
  return { signed: readBytes(signed), signature: readBytes(signature), hash };
}

type Fields<Name extends string> = Readonly<Record<Name, unknown>>;

/** The fields of an object that has all of `required`, and nothing but these and `optional`. */
function readFields<Required extends string, Optional extends string = never>(
  value: unknown,
  required: readonly Required[],
  optional: readonly Optional[] = [],
): Fields<Required | Optional> {
  return isClosed(value, required, optional) ? value : refuse();
}

function isClosed<Name extends string>(
  value: unknown,
  required: readonly string[],
  optional: readonly string[],
): value is Fields<Name> {
  if (!isObject(value)) return false;
  const names = Object.keys(value);
  const known = names.every((name) => required.includes(name) || optional.includes(name));
  return known && required.every((name) => names.includes(name));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const readText = (value: unknown): string =>
  typeof value === "string" && value.length <= MAX_TEXT ? value : refuse();

const readWhole = (value: unknown): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : refuse();

const readLifetime = (value: unknown): number => readWhole(value) || refuse();

const readBytes = (value: unknown): Buffer =>
  typeof value === "string" && value.length <= MAX_BASE64 ? Buffer.from(value, "base64") : refuse();

const readTexts = (value: unknown): readonly string[] => readList(value, MAX_ITEMS).map(readText);

const readList = (value: unknown, limit: number): readonly unknown[] =>
  Array.isArray(value) && value.length <= limit ? value : refuse();

function refuse(): never {
  throw new SignerError("signer.protocol", "not a request of this protocol");
}
