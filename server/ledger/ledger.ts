/**
 * The ledger's interface: what `issue/`, `authenticate/` and `admin/` may ask. Small and asynchronous, so that
 * another database can stand behind it. Every promise of a write resolves after the write is synced.
 *
 * Times are whole seconds since 1970. Serials are lower-case hex: 40 digits for TLS, 16 for SSH.
 */
export type Ledger = {
  /**
   * Commits intents: serial, who, what, under which policy. All or none; many callers share one sync.
   * Rejects with code `ledger.conflict` when (authority, serial) is there already.
   */
  intend(intents: readonly Intent[]): Promise<void>;
  /**
   * Binds a token to the key that presents it and commits the identity's intent, in one transaction.
   * `spent` when another key holds it, or it was spent, revoked or has expired meanwhile.
   */
  intendJoin(tokenId: string, keyFingerprint: string, intent: Intent): Promise<"bound" | "spent">;
  /** Commits certificates and their log entries, and for a join spends its token; answers with the checkpoint. */
  record(records: readonly IssuedRecord[]): Promise<Checkpoint>;
  /** Commits that intents came to nothing, and why. */
  abandon(
    failures: readonly {
      readonly authority: string;
      readonly serial: string;
      readonly why: string;
    }[],
  ): Promise<void>;

  findCertificate(serial: string): Promise<StoredCertificate | undefined>;
  listCertificates(filter: CertificateFilter): Promise<readonly StoredCertificate[]>;

  /** By SHA-256 of the secret, hex. Reads only. */
  findToken(secretHash: string): Promise<Token | undefined>;
  addToken(
    token: Omit<Token, "state" | "boundTo" | "serial">,
    by: string,
    asked?: { readonly from?: string; readonly reason?: string },
  ): Promise<void>;
  listTokens(): Promise<readonly Token[]>;
  revokeToken(id: string, by: string, at: number): Promise<boolean>;

  findNode(name: string): Promise<NodeState | undefined>;
  listNodes(): Promise<readonly NodeState[]>;
  /**
   * Records that a node has used the certificate with this serial: older ones count as superseded from
   * now on. Only ever moves forward in the order of issue, and writes only when it moves. Answers where
   * the certificate stands now; `unknown` when it is no identity certificate of this node.
   */
  confirmIdentity(
    node: string,
    serial: string,
    at: number,
  ): Promise<"newest" | "superseded" | "unknown">;
  /**
   * Notes that a node comes back by itself with an identity that has ended, and logs it. False, and nothing is
   * written, when it has done so `times` times with other identities since it joined.
   */
  noteRecovery(recovery: Recovery): Promise<boolean>;
  setNodeState(
    node: string,
    state: "active" | "suspended" | "removed",
    by: string,
    at: number,
  ): Promise<void>;
  /** Writes a log entry of its own (refusals that matter, admin acts, alarms). */
  note(entry: {
    readonly at: number;
    readonly event: string;
    readonly [key: string]: unknown;
  }): Promise<void>;

  checkpoint(): Promise<Checkpoint>;
  /** Certificates by authority, since the begin of the hour of `since`. */
  counts(
    since: number,
  ): Promise<readonly { readonly authority: string; readonly issued: number }[]>;
  /** How many issued certificates end from `at` to before `until`. */
  countEnding(at: number, until: number): Promise<number>;
  /** Resolves when the ledger can be written now; rejects with the reason otherwise. */
  probe(): Promise<void>;
  close(): Promise<void>;
};

/** A node that asks for a new identity with one that has ended. */
export type Recovery = {
  readonly node: string;
  readonly serial: string;
  readonly at: number;
  readonly from: string;
  readonly times: number;
};

/** Where the log stands: entries, and the hash of the last as hex (64 zeros when there is none). */
export type Checkpoint = { readonly size: number; readonly head: string };

/** That a certificate is about to be signed: who gets what, by which policy. */
export type Intent = {
  readonly authority: string;
  readonly serial: string;
  readonly grant: string;
  /** `node:w3`, `kerberos:P`, `ldap:U`, `root`, `keyserver`. */
  readonly subject: string;
  /** SHA-256 of the public key, hex. */
  readonly key: string;
  /** Hash of the policy that decided. */
  readonly policy: string;
  readonly at: number;
  readonly from?: string;
  readonly reason?: string;
};

/** What came of an intent. */
export type IssuedRecord = {
  readonly authority: string;
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** DER, or the SSH blob. */
  readonly certificate: Uint8Array;
  readonly at: number;
  /** For a join: the token that is spent and the node that is joined with this record. */
  readonly join?: { readonly tokenId: string; readonly node: string };
  /** For an identity certificate of a node. */
  readonly identityOf?: string;
};

/** An intent with what came of it. */
export type StoredCertificate = Intent & {
  readonly state: "intended" | "issued" | "abandoned";
  readonly why?: string;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly certificate?: Uint8Array;
};

/** Which certificates to list; what is absent does not restrict. */
export type CertificateFilter = {
  readonly subject?: string;
  readonly grant?: string;
  /** Only those that end between `at` and this. */
  readonly expiringBefore?: number;
  readonly at: number;
  readonly limit: number;
};

/** A join token. Its secret is known by its hash alone. */
export type Token = {
  readonly id: string;
  readonly secretHash: string;
  readonly node: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly createdBy: string;
  readonly state: "open" | "bound" | "spent" | "revoked";
  readonly boundTo?: string;
  /** Of the identity certificate it was spent for. */
  readonly serial?: string;
};

/** A node that has joined. */
export type NodeState = {
  readonly node: string;
  readonly state: "active" | "suspended" | "removed";
  readonly joinedAt: number;
  /** Serial of the newest identity certificate that the node has used. */
  readonly confirmed?: string;
  readonly confirmedAt?: number;
};
