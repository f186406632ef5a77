import type { AuthorityKind, KeyKind, Subject } from "./decision.ts";
import type { Place } from "./diagnostic.ts";

/** The checked policy: every reference resolved, every default filled in, every part with its place. */
export type Model = {
  readonly file: string;
  readonly cluster: Cluster;
  readonly authorities: ReadonlyMap<string, Authority>;
  readonly roles: ReadonlyMap<string, Place>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly people: ReadonlyMap<string, PeopleGroup>;
  readonly grants: ReadonlyMap<string, Grant>;
  readonly never: readonly NeverRule[];
  readonly tests: readonly PolicyTest[];
};

export type Cluster = {
  readonly name: string;
  readonly domain: string;
  readonly internalDomain?: string;
  readonly realm?: string;
  /** CIDR lists by name. */
  readonly networks: ReadonlyMap<string, readonly string[]>;
  readonly place: Place;
};

export type Authority = {
  readonly name: string;
  readonly kind: AuthorityKind;
  readonly keys: readonly KeyKind[];
  /** Seconds: what a grant gets that says nothing. */
  readonly lifetime: number;
  /** Seconds: the ceiling of every grant. */
  readonly maxLifetime: number;
  readonly backdate: number;
  readonly place: Place;
};

export type Node = {
  readonly name: string;
  readonly roles: readonly string[];
  /** Canonical text; a request of this node must come from here. Absent: from anywhere. */
  readonly address?: string;
  readonly place: Place;
};

// The policy owner fills in the rest: PeopleGroup, Grant, NeverRule, PolicyTest.
export type PeopleGroup = { readonly name: string; readonly place: Place };
export type Grant = {
  readonly name: string;
  readonly verb: "issue" | "fetch" | "admit" | "operate";
  readonly place: Place;
};
export type NeverRule = { readonly id: string; readonly place: Place };
export type PolicyTest = { readonly place: Place; readonly as: Subject };
