import { type Static, Type } from "typebox";

export const AcceptorFiles = Type.Object({
  service: Type.String(),
  keytab: Type.String(),
  replayCache: Type.String(),
  /** User that the program becomes once Kerberos is loaded. */
  uid: Type.Optional(Type.Number()),
});

/** What a test asks of the program beside it, which has variables of libkrb5 of its own. */
export const SpnegoCall = Type.Union([
  Type.Object({
    call: Type.Literal("token"),
    service: Type.String(),
    flags: Type.Optional(Type.Number()),
    mechanism: Type.Optional(Type.Union([Type.Literal("spnego"), Type.Literal("krb5")])),
  }),
  Type.Object({ call: Type.Literal("verify"), token: Type.String(), answer: Type.String() }),
  Type.Object({ call: Type.Literal("open"), ...AcceptorFiles.properties }),
  Type.Object({ call: Type.Literal("accept"), token: Type.String() }),
]);
export type AcceptorFiles = Static<typeof AcceptorFiles>;
export type SpnegoCall = Static<typeof SpnegoCall>;

/** Numbered, so that many calls can be under way at once. */
export const SpnegoRequest = Type.Object({ id: Type.Number(), call: SpnegoCall });

/** A refusal: `code` is of protocol/problems.ts, or `gss` for what the library said to a client. */
export const Refused = Type.Object({
  code: Type.String(),
  message: Type.String(),
  cause: Type.String(),
});
export type Refused = Static<typeof Refused>;

/** Who was accepted, as server/authenticate/kerberos.ts says it, and the milliseconds that it took. */
export const AcceptedToken = Type.Object({
  principal: Type.String(),
  primary: Type.String(),
  instance: Type.Optional(Type.String()),
  realm: Type.String(),
  answer: Type.String(),
  took: Type.Number(),
});
export type AcceptedToken = Static<typeof AcceptedToken>;

export const SpnegoReply = Type.Object({
  id: Type.Number(),
  result: Type.Union([Type.String(), AcceptedToken, Refused]),
});
export type SpnegoReply = Static<typeof SpnegoReply>;
