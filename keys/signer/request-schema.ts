import { Type } from "typebox";
import { Compile } from "typebox/compile";
import type { Claim } from "./claim.ts";
import type { SignerRequest, SignRequest, SignServerRequest } from "./messages.ts";
import type { ServerClaim } from "./signer-core.ts";
import { SignerError } from "./signer-error.ts";

/** Most requests in one batch. */
const MAX_BATCH = 1024;

const closed = { additionalProperties: false };
const Text = Type.String({ maxLength: 512 });
const Base64 = Type.String({ maxLength: 16_384, pattern: "^[A-Za-z0-9+/]*={0,2}$" });
const Seconds = Type.Integer({ minimum: 0, maximum: 253_402_300_799 });

const SubjectSchema = Type.Union([
  Type.Object({ kind: Type.Literal("node"), node: Text }, closed),
  Type.Object(
    {
      kind: Type.Literal("person"),
      principal: Type.Optional(Text),
      user: Type.Optional(Text),
      in: Type.Array(Text, { maxItems: 4096 }),
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal("root") }, closed),
]);

const HashSchema = Type.Union([
  Type.Literal("sha256"),
  Type.Literal("sha384"),
  Type.Literal("sha512"),
  Type.Literal("none"),
]);

const ProofSchema = Type.Object({ signed: Base64, signature: Base64, hash: HashSchema }, closed);

const SignSchema = Type.Object(
  {
    serial: Text,
    subject: SubjectSchema,
    grant: Text,
    from: Type.Optional(Text),
    lifetime: Type.Optional(Type.Integer({ minimum: 1 })),
    choose: Type.Optional(Type.Array(Text, { maxItems: 32 })),
    reason: Type.Optional(Text),
    at: Seconds,
    publicKey: Base64,
    proof: Type.Optional(ProofSchema),
  },
  closed,
);

const ServerSchema = Type.Object(
  { serial: Text, at: Seconds, publicKey: Base64, proof: ProofSchema },
  closed,
);

const Id = Type.Integer({ minimum: 0 });
const Batch = Type.Array(SignSchema, { minItems: 1, maxItems: MAX_BATCH });

/** The closed table of operations; what is not in it is refused. */
const RequestSchema = Compile(
  Type.Union([
    Type.Object({ id: Id, op: Type.Literal("sign"), policy: Text, batch: Batch }, closed),
    Type.Object({ id: Id, op: Type.Literal("sign-server"), request: ServerSchema }, closed),
    Type.Object({ id: Id, op: Type.Literal("authorities") }, closed),
    Type.Object({ id: Id, op: Type.Literal("reload") }, closed),
    Type.Object({ id: Id, op: Type.Literal("status") }, closed),
  ]),
);

/** @throws SignerError `signer.protocol` when a value is none of the requests of messages.ts. */
export function parseRequest(value: unknown): SignerRequest {
  if (RequestSchema.Check(value)) return value;
  throw new SignerError("signer.protocol", "not a request of this protocol");
}

/** Decodes one request of a batch. */
export function toClaim(request: SignRequest): Claim {
  const { serial, subject, at, publicKey, proof, ...ask } = request;
  const claim = { serial, subject, at, ask: askOf(ask), publicKey: decode(publicKey) };
  return proof === undefined ? claim : { ...claim, proof: decodeProof(proof) };
}

type AskPart = Omit<SignRequest, "serial" | "subject" | "at" | "publicKey" | "proof">;

/** Only what a grant leaves to the requester, by name. */
const askOf = ({ grant, from, lifetime, choose, reason }: AskPart): Claim["ask"] => ({
  grant,
  ...(from === undefined ? {} : { from }),
  ...(lifetime === undefined ? {} : { lifetime }),
  ...(choose === undefined ? {} : { choose }),
  ...(reason === undefined ? {} : { reason }),
});

/** Decodes keyserver's request for itself. */
export function toServerClaim({ serial, at, publicKey, proof }: SignServerRequest): ServerClaim {
  return { serial, at, publicKey: decode(publicKey), proof: decodeProof(proof) };
}

function decodeProof({
  signed,
  signature,
  hash,
}: SignServerRequest["proof"]): ServerClaim["proof"] {
  return { signed: decode(signed), signature: decode(signature), hash };
}

const decode = (base64: string): Buffer => Buffer.from(base64, "base64");
