import { Type, type Static } from "typebox";
import { Checkpoint, Reason } from "./messages.ts";

/**
 * What operators ask, on the admin socket and, for people with an `operate` or `admit` grant, on HTTPS
 * (docs/protocol.md). Same conventions as in messages.ts.
 */

const closed = { additionalProperties: false };
const Optional = Type.Optional;
const Text = Type.String();
const Name = Type.String({ minLength: 1, maxLength: 128 });

/** One authority, public parts only. */
export const AuthorityView = Type.Object({
  name: Text,
  kind: Type.Union([Type.Literal("tls"), Type.Literal("ssh-host"), Type.Literal("ssh-user")]),
  key: Text,
  /** PEM certificate or SSH public key line. */
  anchor: Text,
  /** SHA-256 of the SubjectPublicKeyInfo or of the SSH key blob, hex. */
  fingerprint: Text,
  notAfter: Optional(Text),
  /** Certificates in the last 24 hours. */
  issued: Type.Integer(),
});
export type AuthorityView = Static<typeof AuthorityView>;
/** `GET /v1/authorities`. */
export const AuthorityList = Type.Object({ authorities: Type.Array(AuthorityView) });
export type AuthorityList = Static<typeof AuthorityList>;

/** `POST /v1/tokens`: a join string for a node of the policy. */
export const NewToken = Type.Object(
  {
    node: Name,
    /** Seconds. */
    ttl: Optional(Type.Integer({ minimum: 60, maximum: 7 * 86_400 })),
    /** Why, where the grant wants to know. */
    reason: Optional(Reason),
  },
  closed,
);
export type NewToken = Static<typeof NewToken>;
/** The only answer that ever holds the secret. */
export const IssuedToken = Type.Object({
  id: Text,
  node: Text,
  roles: Type.Array(Text),
  address: Optional(Text),
  expiresAt: Text,
  joinString: Text,
});
export type IssuedToken = Static<typeof IssuedToken>;
/** A join string without its secret; `expired` is one that was never spent. */
export const TokenView = Type.Object({
  id: Text,
  node: Text,
  state: Type.Union([
    Type.Literal("open"),
    Type.Literal("bound"),
    Type.Literal("spent"),
    Type.Literal("revoked"),
    Type.Literal("expired"),
  ]),
  createdAt: Text,
  createdBy: Text,
  expiresAt: Text,
});
export type TokenView = Static<typeof TokenView>;
/** `GET /v1/tokens`. */
export const TokenList = Type.Object({ tokens: Type.Array(TokenView) });
export type TokenList = Static<typeof TokenList>;

/** A node of the policy, or one that joined and has left the policy since. */
export const NodeView = Type.Object({
  node: Text,
  roles: Type.Array(Text),
  address: Optional(Text),
  /** `waiting`: in the policy and not joined; `unlisted`: joined and no longer in the policy. */
  state: Type.Union([
    Type.Literal("waiting"),
    Type.Literal("active"),
    Type.Literal("suspended"),
    Type.Literal("removed"),
    Type.Literal("unlisted"),
  ]),
  joinedAt: Optional(Text),
  /** Serial of the newest identity certificate that the node has used, and when it first did. */
  identity: Optional(Text),
  identitySince: Optional(Text),
});
export type NodeView = Static<typeof NodeView>;
/** `GET /v1/nodes`. */
export const NodeList = Type.Object({ nodes: Type.Array(NodeView) });
export type NodeList = Static<typeof NodeList>;
/** `POST /v1/nodes/{node}/state`. */
export const NodeStateChange = Type.Object(
  {
    state: Type.Union([Type.Literal("active"), Type.Literal("suspended"), Type.Literal("removed")]),
  },
  closed,
);

/** A row of the inventory. */
export const CertificateView = Type.Object({
  serial: Text,
  state: Type.Union([Type.Literal("intended"), Type.Literal("issued"), Type.Literal("abandoned")]),
  why: Optional(Text),
  authority: Text,
  grant: Text,
  subject: Text,
  policy: Text,
  from: Optional(Text),
  reason: Optional(Text),
  issuedAt: Text,
  notBefore: Optional(Text),
  notAfter: Optional(Text),
  /** PEM, or one line of OpenSSH; only where one certificate was asked for. */
  certificate: Optional(Text),
});
export type CertificateView = Static<typeof CertificateView>;
/** `GET /v1/certificates`, newest first. */
export const CertificateList = Type.Object({ certificates: Type.Array(CertificateView) });
export type CertificateList = Static<typeof CertificateList>;
/** What `GET /v1/certificates` may be narrowed by; numbers as decimal digits. */
export const CertificateQuery = Type.Object(
  {
    subject: Optional(Type.String({ maxLength: 256 })),
    grant: Optional(Name),
    /** Seconds from now: only those that end sooner. */
    expiring: Optional(Type.String({ pattern: "^[0-9]{1,9}$" })),
    limit: Optional(Type.String({ pattern: "^[0-9]{1,4}$" })),
  },
  closed,
);

/** `GET /v1/status`: what one screen shows. */
export const Status = Type.Object({
  cluster: Text,
  domain: Text,
  startedAt: Text,
  now: Text,
  policy: Type.Object({
    hash: Text,
    appliedAt: Text,
    grants: Type.Integer(),
    nodes: Type.Integer(),
    /** Whether /etc/keysystem/policy.yaml is the policy in force. */
    fileInForce: Type.Boolean(),
  }),
  pin: Text,
  ready: Type.Boolean(),
  problems: Type.Array(Text),
  authorities: Type.Array(AuthorityView),
  checkpoint: Checkpoint,
  joinedNodes: Type.Integer(),
  openTokens: Type.Integer(),
  ownCertificateEnds: Text,
});
export type Status = Static<typeof Status>;

/** Who runs a command on the policy, in words; for the log, nothing is decided by it. */
const Operator = Type.String({ minLength: 1, maxLength: 128 });

/** `POST /v1/policy/reload`, the body; `back` when the copy before was put back after a reload that failed. */
export const PolicyReloadRequest = Type.Union([
  Type.Object({ operator: Optional(Operator), back: Optional(Type.Boolean()) }, closed),
  Type.Null(),
]);
export type PolicyReloadRequest = Static<typeof PolicyReloadRequest>;
/** `POST /v1/policy/refusals`: a policy that was to be applied and did not pass. */
export const PolicyRefusal = Type.Object(
  { operator: Operator, why: Type.String({ minLength: 1, maxLength: 1024 }) },
  closed,
);
export type PolicyRefusal = Static<typeof PolicyRefusal>;
/** Its answer: that keyserver shows it, and the log has it. */
export const PolicyRefusalNoted = Type.Object({ noted: Type.Literal(true) });
export type PolicyRefusalNoted = Static<typeof PolicyRefusalNoted>;
/** `POST /v1/policy/members`: facts of directories, as `ldap:hyades-oncall`. */
export const MembersRequest = Type.Object(
  {
    facts: Type.Array(Type.String({ pattern: "^[a-z]{1,16}:[A-Za-z0-9._/@-]{1,128}$" }), {
      minItems: 1,
      maxItems: 64,
    }),
  },
  closed,
);
export type MembersRequest = Static<typeof MembersRequest>;
/** What one directory says: people with those of the groups that they are in; `age` in seconds. */
export const DirectoryMembers = Type.Object({
  directory: Text,
  state: Type.Union([
    Type.Literal("answered"),
    Type.Literal("unreachable"),
    Type.Literal("not configured"),
  ]),
  detail: Optional(Text),
  people: Type.Array(
    Type.Object({ user: Text, groups: Type.Array(Text), age: Type.Integer({ minimum: 0 }) }),
  ),
});
export type DirectoryMembers = Static<typeof DirectoryMembers>;
/** Its answer. */
export const Members = Type.Object({ directories: Type.Array(DirectoryMembers) });
export type Members = Static<typeof Members>;
/** `POST /v1/policy/reload`: the hash of the policy now in force. */
export const PolicyReload = Type.Object({ policy: Text });
export type PolicyReload = Static<typeof PolicyReload>;
