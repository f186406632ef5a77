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
    /** One line: no control characters, and none that turn the direction of writing. */
    reason: Type.Optional(
      Type.String({
        maxLength: 256,
        pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]*$",
      }),
    ),
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

/** `GET /v1/trust`. `domain` is what an `@cert-authority` line is written for. */
export const Trust = Type.Object({
  cluster: Name,
  domain: Name,
  authorities: Type.Array(TrustedAuthority),
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
  /** Set when the operator called renewals forward: certificates issued before this should be renewed now. */
  renewIssuedBefore: Type.Optional(Time),
});
export type GrantOffer = Static<typeof GrantOffer>;

/** `GET /v1/grants`. */
export const Grants = Type.Object({
  subject: Type.String(),
  /** The node's name where the caller is one. */
  node: Type.Optional(Type.String()),
  /** The server's clock. */
  now: Time,
  grants: Type.Array(GrantOffer),
  /** What the caller may not get, and why. */
  refused: Type.Array(Type.Object({ grant: Name, problem: ProblemSchema })),
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
