import type { Diagnostic } from "./diagnostic.ts";
import type { Model } from "./model.ts";

/**
 * What goes into and comes out of a decision. Everything here is a plain value: no clock, no I/O.
 *
 * Durations are whole seconds. Names are already in the form in which they are compared and written.
 */

/** Kinds of leaf key, as the policy file spells them. */
export const KEY_KINDS = [
  "ecdsa-p256",
  "ecdsa-p384",
  "ed25519",
  "ed25519-sk",
  "rsa-2048",
  "rsa-3072",
  "rsa-4096",
] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** Kinds of authority, as the policy file spells them. */
export const AUTHORITY_KINDS = ["tls", "ssh-host", "ssh-user"] as const;
export type AuthorityKind = (typeof AUTHORITY_KINDS)[number];

/**
 * Who asks, after authentication, with every fact that the policy may look at.
 *
 * `in` holds directory memberships as the policy spells them (`ldap:GROUP`, `gitlab:PATH`).
 * A Kerberos principal may have a directory entry too, and then carries `in` and `user` as well.
 */
export type Subject =
  | { readonly kind: "node"; readonly node: string }
  | {
      readonly kind: "person";
      readonly principal?: string;
      readonly user?: string;
      readonly in: readonly string[];
    }
  /** Root on the master, over the admin socket: stands for a root-admin in `admit` and `operate` only. */
  | { readonly kind: "root" };

/** What is asked. The grant fixes every name; these are the only choices a requester has. */
export type Ask = {
  readonly grant: string;
  /** Source address of the request, canonical text (IPv4 dotted, IPv6 RFC 5952); absent on the admin socket. */
  readonly from?: string;
  /** Seconds; at most what the grant allows. Absent: the grant's. */
  readonly lifetime?: number;
  /** Extra SSH principals out of the grant's `may-choose`. */
  readonly choose?: readonly string[];
  readonly reason?: string;
  /** The kind of the public key presented; must be one of the authority's `keys`. */
  readonly key?: KeyKind;
  /** For `admit`: the node to be admitted. */
  readonly node?: string;
};

/** What an X.509 certificate says. */
export type TlsContent = {
  readonly kind: "tls";
  readonly usage: readonly ("server" | "client")[];
  readonly cn: string;
  readonly o: readonly string[];
  /** DNS names, lower-case A-labels; a wildcard only as the whole first label. */
  readonly dns: readonly string[];
  /** IP addresses, canonical text. */
  readonly ip: readonly string[];
};

/** What an SSH certificate says. */
export type SshContent = {
  readonly kind: "ssh-host" | "ssh-user";
  readonly keyId: string;
  /** Never empty. */
  readonly principals: readonly string[];
  /** Sorted, e.g. `permit-pty`. */
  readonly extensions: readonly string[];
  /** CIDR list for the critical option `source-address`; empty: option absent. */
  readonly sourceAddress: readonly string[];
  readonly forceCommand?: string;
};

const sealed: unique symbol = Symbol("Plan");

/** What is to be signed, complete to the last name. Only `decide` makes one; the signer takes nothing else. */
export type IssuePlan = {
  readonly [sealed]: true;
  readonly verb: "issue";
  readonly grant: string;
  readonly authority: string;
  /** Seconds of use, counted from now. */
  readonly lifetime: number;
  /** Seconds by which `notBefore` lies before now. */
  readonly backdate: number;
  readonly keys: readonly KeyKind[];
  readonly content: TlsContent | SshContent;
};
/** A file that may be handed out. */
export type FetchPlan = {
  readonly [sealed]: true;
  readonly verb: "fetch";
  readonly grant: string;
  readonly file: string;
};
/** An admission: a join string may be made. */
export type AdmitPlan = {
  readonly [sealed]: true;
  readonly verb: "admit";
  readonly grant: string;
  /** Empty where only the right to admit was asked for (`grantsOf`), not a node. */
  readonly node: string;
  /** The roles that the grant admits. */
  readonly roles: readonly string[];
  /** Seconds for which a join string made under this grant is good. */
  readonly tokenLifetime: number;
};
/** What the asker may do with the authority itself. */
export type OperatePlan = {
  readonly [sealed]: true;
  readonly verb: "operate";
  readonly grant: string;
  readonly actions: readonly string[];
};
/** The outcome of an allowed request. */
export type Plan = IssuePlan | FetchPlan | AdmitPlan | OperatePlan;

/** A plan without its seal. */
export type Unsealed<P extends Plan> = P extends Plan ? Omit<P, typeof sealed> : never;

/** Stable codes of a denial; each is `policy.<code>` towards clients (see protocol/problems.ts). */
export type DenialCode =
  | "policy.unknown_grant"
  | "policy.not_granted"
  | "policy.address"
  | "policy.lifetime_too_long"
  | "policy.reason_required"
  | "policy.choice"
  | "policy.key_kind"
  | "policy.unknown_node"
  | "policy.name_collision"
  | "policy.never";

/** A request that is refused, and why. */
export type Denial = {
  readonly verdict: "deny";
  readonly code: DenialCode;
  /** One sentence for the caller: what is missing. */
  readonly detail: string;
  /** The grant that came nearest, and what the subject lacks for it. */
  readonly nearest?: { readonly grant: string; readonly missing: readonly string[] };
  /** Line of the policy file that decided, 1-based. */
  readonly line?: number;
};
/** Allowed with a plan, by a line of the policy; or denied. */
export type Decision =
  { readonly verdict: "allow"; readonly plan: Plan; readonly line: number } | Denial;

/** A policy that passed its check: the only thing that decisions are made on. */
export type Policy = Model;

/** The outcome of reading a policy file. `policy` is present exactly when no diagnostic is an error. */
export type Reading = {
  readonly policy?: Policy;
  readonly diagnostics: readonly Diagnostic[];
};

/** For `decide` alone. */
export const seal = <P extends Unsealed<Plan>>(plan: P): P & { readonly [sealed]: true } => ({
  ...plan,
  [sealed]: true,
});
