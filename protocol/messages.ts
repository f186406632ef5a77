import { Type, type Static, type TSchema } from "typebox";

/**
 * What server and client say to each other (docs/protocol.md). Objects are closed: an unknown field is refused.
 *
 * Times are RFC 3339 in UTC with whole seconds; durations are whole seconds; certificates are PEM
 * (RFC 7468), SSH keys and certificates one OpenSSH line without a newline; serials are lower-case hex.
 */

const closed = { additionalProperties: false };
const Name = Type.String({ minLength: 1, maxLength: 128 });
const Time = Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$" });
const Serial = Type.String({ pattern: "^[0-9a-f]{16}([0-9a-f]{24})?$" });

/** One line: no control characters or halves of characters, and none that turn the direction of writing. */
export const Reason = Type.String({
  maxLength: 256,
  pattern: "^[^\\p{Cc}\\p{Cs}\\p{Bidi_Control}\\u2028\\u2029]*$",
});

/** RFC 9457 §3. */
export const ProblemSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.Optional(Type.String()),
});

/** One request for a certificate: TLS with a PKCS#10 request, SSH with a public key. */
export const CertificateRequest = Type.Object(
  {
    grant: Name,
    /** PKCS#10 (RFC 2986) as PEM. Only its key and its proof of possession count. */
    csr: Type.Optional(Type.String({ maxLength: 8192 })),
    /** `ssh-ed25519 AAAA…`; a comment is allowed and ignored. */
    publicKey: Type.Optional(Type.String({ maxLength: 8192 })),
    lifetime: Type.Optional(Type.Integer({ minimum: 1 })),
    principals: Type.Optional(Type.Array(Name, { maxItems: 32 })),
    reason: Type.Optional(Reason),
  },
  closed,
);
export type CertificateRequest = Static<typeof CertificateRequest>;

/** `POST /v1/certificates`. */
export const CertificateRequests = Type.Object(
  { requests: Type.Array(CertificateRequest, { minItems: 1, maxItems: 32 }) },
  closed,
);
export type CertificateRequests = Static<typeof CertificateRequests>;

/** One certificate with its window for renewal. */
export const IssuedCertificate = Type.Object({
  grant: Name,
  /** PEM, or for SSH one line. */
  certificate: Type.String(),
  /** Intermediates between the certificate and the anchor, nearest first; empty where the anchor signed. */
  chain: Type.Array(Type.String()),
  serial: Serial,
  notBefore: Time,
  notAfter: Time,
  /** When to renew. The server may move this forward; see `GET /v1/grants`. */
  renew: Type.Object({ after: Time, before: Time }),
});
export type IssuedCertificate = Static<typeof IssuedCertificate>;

/** Where the log stood when the answer was made: number of entries and hash of the last, hex. */
export const Checkpoint = Type.Object({ size: Type.Integer(), head: Type.String() });
export type Checkpoint = Static<typeof Checkpoint>;

/** In the order of the requests. */
export const CertificateResults = Type.Object({
  results: Type.Array(Type.Union([IssuedCertificate, Type.Object({ problem: ProblemSchema })])),
  checkpoint: Checkpoint,
});
export type CertificateResults = Static<typeof CertificateResults>;

/** `POST /v1/join`, with `Authorization: Join <secret>`. */
export const JoinRequest = Type.Object({ csr: Type.String({ maxLength: 8192 }) }, closed);
export type JoinRequest = Static<typeof JoinRequest>;
export const JoinResult = Type.Object({
  cluster: Name,
  node: Name,
  identity: IssuedCertificate,
});
export type JoinResult = Static<typeof JoinResult>;

/** One authority's public part. TLS anchors are PEM certificates, SSH anchors are public key lines. */
export const TrustedAuthority = Type.Object({
  name: Name,
  kind: Type.Union([Type.Literal("tls"), Type.Literal("ssh-host"), Type.Literal("ssh-user")]),
  anchors: Type.Array(Type.String(), { minItems: 1 }),
});
export type TrustedAuthority = Static<typeof TrustedAuthority>;

/** How people prove who they are here, and where they use what they get; from server.yaml. */
export const PeopleInfo = Type.Object({
  /** The service principal, `HTTP/m1.example.edu@EXAMPLE.EDU`; absent where Kerberos is not configured. */
  kerberos: Type.Optional(Type.String()),
  /** Whether a password of the directory is taken. */
  passwords: Type.Boolean(),
  /** URL of the Kubernetes API. */
  kubernetes: Type.Optional(Type.String()),
  /** URLs of etcd's members. */
  etcd: Type.Optional(Type.Array(Type.String())),
});
export type PeopleInfo = Static<typeof PeopleInfo>;

/** `GET /v1/trust`. `domain` is what an `@cert-authority` line is written for. */
export const Trust = Type.Object({
  cluster: Name,
  domain: Name,
  authorities: Type.Array(TrustedAuthority),
  people: Type.Optional(PeopleInfo),
});
export type Trust = Static<typeof Trust>;

/** What a grant gives the caller now; enough to make a key and to check the certificate that comes. */
export const GrantOffer = Type.Object({
  grant: Name,
  verb: Type.Union([
    Type.Literal("issue"),
    Type.Literal("fetch"),
    Type.Literal("admit"),
    Type.Literal("operate"),
  ]),
  authority: Type.Optional(Name),
  kind: Type.Optional(
    Type.Union([Type.Literal("tls"), Type.Literal("ssh-host"), Type.Literal("ssh-user")]),
  ),
  /** Kinds of key that the authority takes, best first. */
  keys: Type.Optional(Type.Array(Type.String())),
  lifetime: Type.Optional(Type.Integer()),
  cn: Type.Optional(Type.String()),
  o: Type.Optional(Type.Array(Type.String())),
  /** DNS names and addresses, or SSH principals. */
  names: Type.Optional(Type.Array(Type.String())),
  usage: Type.Optional(Type.Array(Type.String())),
  file: Type.Optional(Type.String()),
  /** Set where the request has to say why. */
  reason: Type.Optional(Type.Literal("required")),
  /** Addresses from which alone the grant is given; SSH certificates carry them too. */
  sourceAddress: Type.Optional(Type.Array(Type.String())),
  /** Of SSH certificates for people. */
  extensions: Type.Optional(Type.Array(Type.String())),
  forceCommand: Type.Optional(Type.String()),
  /** Further principals that a request may choose, and how many of them. */
  mayChoose: Type.Optional(Type.Array(Type.String())),
  chooseAtMost: Type.Optional(Type.Integer()),
  /** Of a grant to admit: roles, and seconds for which a join string is good. */
  admits: Type.Optional(Type.Array(Type.String())),
  tokenLifetime: Type.Optional(Type.Integer()),
  /** Of a grant to operate. */
  actions: Type.Optional(Type.Array(Type.String())),
  /** Set when the operator called renewals forward: certificates issued before this should be renewed now. */
  renewIssuedBefore: Type.Optional(Time),
});
export type GrantOffer = Static<typeof GrantOffer>;

/** A grant that the caller does not get, with as much as helps to find out what is missing. */
export const RefusedGrant = Type.Object({
  grant: Name,
  problem: ProblemSchema,
  verb: Type.Optional(Type.String()),
  authority: Type.Optional(Name),
  kind: Type.Optional(Type.String()),
  /** Groups or roles that the grant goes to. */
  to: Type.Optional(Type.Array(Type.String())),
  /** What the caller lacks, as the policy spells it: `ldap:oncall`, `kerberos:a@R or kerberos:b@R`. */
  missing: Type.Optional(Type.Array(Type.String())),
  /** SSH principals that the grant would give this caller, or let the caller choose. */
  names: Type.Optional(Type.Array(Type.String())),
});
export type RefusedGrant = Static<typeof RefusedGrant>;

/** How a directory answered about the caller. */
export const DirectoryState = Type.Object({
  directory: Name,
  /** `kept`: it does not answer, and the policy allows its last word; `absent`: it knows nobody of this name. */
  state: Type.Union([
    Type.Literal("answered"),
    Type.Literal("kept"),
    Type.Literal("absent"),
    Type.Literal("unreachable"),
    Type.Literal("not configured"),
  ]),
  /** Seconds since the answer. */
  age: Type.Optional(Type.Integer()),
  /** The caller's groups there that the policy mentions. */
  groups: Type.Optional(Type.Array(Type.String())),
  detail: Type.Optional(Type.String()),
});
export type DirectoryState = Static<typeof DirectoryState>;

/** `GET /v1/grants`. */
export const Grants = Type.Object({
  subject: Type.String(),
  /** The node's name where the caller is one. */
  node: Type.Optional(Type.String()),
  /** The server's clock. */
  now: Time,
  grants: Type.Array(GrantOffer),
  /** What the caller may not get, and why. */
  refused: Type.Array(RefusedGrant),
  /** For people: the policy's groups that the caller is in, and what the directories said. */
  groups: Type.Optional(Type.Array(Type.String())),
  directories: Type.Optional(Type.Array(DirectoryState)),
});
export type Grants = Static<typeof Grants>;

/** `GET /healthz`, `GET /readyz`. */
export const Health = Type.Object({
  status: Type.Union([Type.Literal("ok"), Type.Literal("not ready")]),
  checks: Type.Array(
    Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.Optional(Type.String()) }),
  ),
});
export type Health = Static<typeof Health>;

/** Every schema that goes over the wire, by name, for OpenAPI and for the client's checks. */
export const SCHEMAS = {
  CertificateRequests,
  CertificateResults,
  JoinRequest,
  JoinResult,
  Trust,
  Grants,
  Health,
} as const satisfies Record<string, TSchema>;
