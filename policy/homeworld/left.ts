import type { Place } from "../diagnostic.ts";
import { printable } from "../identify.ts";
import type { Entry, Tree } from "../source/tree.ts";

/** Something that `setup.yaml` says and a policy does not. */
export type Left = {
  readonly place: Place;
  /** The key from the top of the file, as `cluster.etcd-token`. */
  readonly key: string;
  /** What stood there, short and harmless on a terminal; empty when nothing did. */
  readonly value: string;
  readonly why: string;
  /** What to do about it. */
  readonly instead: string;
};

type Remark = Pick<Left, "why" | "instead">;

const NO_CERTIFICATE = "no certificate depends on it";
const usersOwn: Remark = {
  why: "Homeworld's service for users had an issuer of its own, with certificates for 90 days",
  instead: "a people group from LDAP and a grant for it: docs/from-homeworld.md shows one",
};

/** Every key that Homeworld knew at some time and that is no matter of a policy. */
const KNOWN: Readonly<Record<string, Remark>> = {
  "cluster.etcd-token": {
    why: `it names the cluster among etcd's members; ${NO_CERTIFICATE}`,
    instead: "keep it as --initial-cluster-token of etcd",
  },
  "cluster.mirror": {
    why: `machines are installed from it; ${NO_CERTIFICATE}`,
    instead: "keep it where machines are installed",
  },
  "cluster.user-grant-domain": usersOwn,
  "cluster.user-grant-email-domain": usersOwn,
  vlan: {
    why: `it is the network's; ${NO_CERTIFICATE}`,
    instead: "keep it in the network settings of the machines",
  },
  "addresses.cidr-pods": {
    why: `pods have no certificates from here`,
    instead: "keep it in the settings of Kubernetes and of the pod network",
  },
  "addresses.cidr-services": {
    why: "service-api was found to be inside; nothing else here depends on it",
    instead: "keep it as --service-cluster-ip-range of kube-apiserver",
  },
  "addresses.service-dns": {
    why: NO_CERTIFICATE,
    instead: "keep it as clusterDNS of the kubelets",
  },
  "dns-upstreams": {
    why: NO_CERTIFICATE,
    instead: "keep them in /etc/resolv.conf of the machines",
  },
  "dns-bootstrap": {
    why: "certificates hold the names of machines from external-domain and hostname alone",
    instead: "keep the entries in DNS or /etc/hosts; homeworld.private stays in grant registry",
  },
};

const UNKNOWN: Remark = {
  why: "no version of Homeworld had a key of this name here",
  instead: "see what reads it on your machines, and keep it there",
};

/** Whether Homeworld had this key, which no policy has. */
export const isHomeworldKey = (name: string): boolean => Object.hasOwn(KNOWN, name);

/** What to say of an entry that is not taken over; nothing of a known one that is empty, since nothing is lost. */
export function leave(path: string, { key, value }: Entry): readonly Left[] {
  const name = `${path}${key.text}`;
  const remark = isHomeworldKey(name) ? KNOWN[name] : undefined;
  const shown = showValue(value);
  if (remark !== undefined && shown === "") return [];
  return [{ place: key.place, key: printable(name), value: shown, ...(remark ?? UNKNOWN) }];
}

/** What stood there in at most 48 characters. */
function showValue(tree: Tree): string {
  if (tree.kind === "list") return countOf(tree.items.length);
  if (tree.kind === "map") return countOf(tree.entries.length);
  const text = printable(tree.text);
  return text.length > 48 ? `${text.slice(0, 47)}…` : text;
}

const countOf = (count: number): string =>
  count === 0 ? "" : count === 1 ? "1 entry" : `${count} entries`;

/** One entry of the list for a terminal: place and key, then why not and what to do. */
export function formatLeft({ place, key, value, why, instead }: Left): string {
  const indent = " ".repeat(String(place.line).length + 2);
  return [
    `${place.file}:${place.line}:${place.column}: not taken over: ${key}${value === "" ? "" : ` (${value})`}`,
    `${indent}= why: ${why}`,
    `${indent}= instead: ${instead}`,
  ].join("\n");
}
