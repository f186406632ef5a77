import type { AuthorityKind, KeyKind, Subject } from "./decision.ts";
import type { Place } from "./diagnostic.ts";
import type { Range } from "./text/address.ts";

/** The checked policy: every reference resolved, every default filled in, every part with its place. */
export type Model = {
  readonly file: string;
  readonly cluster: Cluster;
  readonly directories: ReadonlyMap<string, Directory>;
  readonly authorities: ReadonlyMap<string, Authority>;
  readonly roles: ReadonlyMap<string, Place>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly people: ReadonlyMap<string, PeopleGroup>;
  readonly grants: ReadonlyMap<string, Grant>;
  readonly never: readonly NeverRule[];
  readonly tests: readonly PolicyTest[];
  /** Names written out in full in a grant or a rule: no variable may produce one of them. */
  readonly reserved: ReadonlyMap<string, Place>;
};

/** A text and where it stands. */
export type Written = { readonly text: string; readonly place: Place };

/** What all names of the cluster end in, and where its people and requests come from. */
export type Cluster = {
  readonly name: string;
  readonly domain: string;
  readonly internalDomain?: string;
  readonly realm?: string;
  /** CIDR lists by name. */
  readonly networks: ReadonlyMap<string, readonly string[]>;
  readonly place: Place;
};

/** A source of group facts about people: `ldap`, `gitlab`. */
export type Directory = {
  readonly name: string;
  /** Seconds: an older answer is asked again. */
  readonly maxAge: number;
  /** Seconds for which the last answer is still used when there is no new one; 0: not at all. */
  readonly useLast: number;
  readonly place: Place;
};

/** A CA as far as a policy rules it. */
export type Authority = {
  readonly name: string;
  readonly kind: AuthorityKind;
  readonly keys: readonly KeyKind[];
  /** Seconds: what a grant gets that says nothing. */
  readonly lifetime: number;
  /** Seconds: the ceiling of every grant. */
  readonly maxLifetime: number;
  /** The ceiling as it is written. */
  readonly limit: Written;
  readonly backdate: number;
  readonly place: Place;
};

/** A machine that can be admitted. */
export type Node = {
  readonly name: string;
  readonly roles: readonly string[];
  /** Canonical text; a request of this node must come from here. Absent: from anywhere. */
  readonly address?: string;
  readonly place: Place;
};

/** People who hold one of `from` and all of `alsoIn`; facts are compared as they are written. */
export type PeopleGroup = {
  readonly name: string;
  /** `kerberos:P`, `ldap:G`, `gitlab:PATH`. */
  readonly from: readonly Written[];
  readonly alsoIn: readonly Written[];
  readonly place: Place;
};

/** What a template can leave open. */
export type Variable =
  "node" | "fqdn" | "address" | "domain" | "internal-domain" | "user" | "principal";
/** A piece of a template. */
export type Part =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "variable"; readonly name: Variable };

/** A name with variables. The cluster's own (`<domain>`, `<internal-domain>`) are already put in. */
export type Template = Written & { readonly parts: readonly Part[] };

/** A range of addresses that a grant is bound to, by the name of its network. */
export type SourceRange = Range & { readonly text: string };

type GrantHead = {
  readonly name: string;
  readonly to: { readonly kind: "roles" | "people"; readonly names: readonly Written[] };
  /** A request must come from one of these; empty: from anywhere. */
  readonly sourceAddress: readonly SourceRange[];
  readonly reasonRequired: boolean;
  readonly place: Place;
};

type IssueHead = GrantHead & {
  readonly verb: "issue";
  readonly authority: Authority;
  readonly issuePlace: Place;
  /** Seconds. */
  readonly lifetime: number;
  /** Where it is written: here, or with the authority. */
  readonly lifetimePlace: Place;
};

/** How a node may come back by itself whose identity has ended. */
export type Recovery = {
  /** Seconds after its end. */
  readonly within: number;
  /** How often, until it joins anew. */
  readonly times: number;
};

/** An X.509 certificate under fixed names. */
export type TlsGrant = IssueHead & {
  readonly kind: "tls";
  readonly usage: readonly ("server" | "client")[];
  readonly usagePlace: Place;
  readonly cn: Template;
  readonly o: readonly Template[];
  readonly names: readonly Template[];
  /** Of an identity alone; absent: with its end it is over. */
  readonly recover?: Recovery;
};
/** An SSH host certificate. */
export type SshHostGrant = IssueHead & {
  readonly kind: "ssh-host";
  readonly names: readonly Template[];
};
/** An SSH user certificate. */
export type SshUserGrant = IssueHead & {
  readonly kind: "ssh-user";
  readonly principals: readonly Template[];
  readonly mayChoose: readonly Template[];
  readonly chooseAtMost: number;
  readonly extensions: readonly string[];
  readonly forceCommand?: string;
};
/** A grant of a certificate, by its authority's kind. */
export type IssueGrant = TlsGrant | SshHostGrant | SshUserGrant;

/** A grant of a file. */
export type FetchGrant = GrantHead & { readonly verb: "fetch"; readonly file: Written };
/** A grant to admit nodes. */
export type AdmitGrant = GrantHead & {
  readonly verb: "admit";
  /** Roles; a node is admitted when all of its roles are among them. */
  readonly admit: readonly Written[];
  /** Seconds. */
  readonly tokenLifetime: number;
};
/** A grant to look after the authority. */
export type OperateGrant = GrantHead & {
  readonly verb: "operate";
  readonly actions: readonly Written[];
};
/** One line of the policy: these subjects may get this. */
export type Grant = IssueGrant | FetchGrant | AdmitGrant | OperateGrant;

/** What a rule looks at. A name is a DNS name, an address or an SSH host principal. */
export type Aspect = "principal" | "cn" | "o" | "name" | "issue" | "fetch" | "admit" | "operate";

/** A name, or a beginning of names. */
export type Pattern = {
  readonly kind: "exact" | "prefix";
  /** For a prefix, what stands before the `*`. */
  readonly text: string;
};
/** One key of a rule's `gets`. */
export type Condition =
  | { readonly kind: "matches"; readonly aspect: Aspect; readonly patterns: readonly Pattern[] }
  | { readonly kind: "lifetime-over"; readonly seconds: number }
  | { readonly kind: "wildcard" };

/** A deny that overrides every grant: hit when `who` fits and all conditions of `gets` are met. */
export type NeverRule = {
  readonly id: string;
  readonly who: { readonly mode: "is" | "not"; readonly names: readonly Written[] };
  readonly gets: readonly Condition[];
  readonly because?: string;
  readonly place: Place;
};

/** A certificate's field as a test spells it, and what it must be, order aside. */
export type ExpectedField = { readonly field: string; readonly values: readonly string[] };

/** What a test wants to come of a request. */
export type Expectation =
  | { readonly kind: "allowed" }
  | { readonly kind: "denied" }
  | { readonly kind: "fields"; readonly fields: readonly ExpectedField[] };

/** One line of `tests`: a request and its outcome, or all that a subject holds. */
export type PolicyTest = {
  readonly as: Subject;
  /** How the file spells the subject, for messages. */
  readonly title: string;
  readonly place: Place;
} & (
  | {
      readonly kind: "ask";
      readonly grant: string;
      readonly from?: string;
      readonly choose?: readonly string[];
      readonly lifetime?: number;
      readonly node?: string;
      readonly expect: Expectation;
      readonly expectPlace: Place;
    }
  | { readonly kind: "holds-exactly"; readonly grants: readonly string[] }
);
