import { Type } from "typebox";
import { Compile } from "typebox/compile";
import type { SignerReply } from "./messages.ts";

const Id = Type.Integer({ minimum: 0 });

const ResultSchema = Type.Union([
  Type.Object({
    certificate: Type.String(),
    notBefore: Type.Integer(),
    notAfter: Type.Integer(),
  }),
  Type.Object({ refused: Type.String(), detail: Type.String() }),
]);

const AuthoritySchema = Type.Object({
  name: Type.String(),
  kind: Type.Union([Type.Literal("tls"), Type.Literal("ssh-host"), Type.Literal("ssh-user")]),
  key: Type.String(),
  anchor: Type.String(),
  fingerprint: Type.String(),
  notAfter: Type.Optional(Type.Integer()),
});

const ReplySchema = Compile(
  Type.Union([
    Type.Object({ id: Id, results: Type.Array(ResultSchema) }),
    Type.Object({ id: Id, authorities: Type.Array(AuthoritySchema) }),
    Type.Object({ id: Id, policy: Type.String(), signed: Type.Integer() }),
    Type.Object({ id: Id, error: Type.String() }),
  ]),
);

/** Whether a value is a reply of messages.ts. */
export const isReply = (value: unknown): value is SignerReply => ReplySchema.Check(value);
