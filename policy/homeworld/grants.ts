import { ETCD_ADMIN_PREFIX } from "./admins.ts";
import { KINDS, type Kind } from "./machines.ts";

/** Who gets a grant: kinds of machine, or the root admins. */
export type Receivers = readonly Kind[] | "admins";

/** A grant that takes the place of one of Homeworld's. */
export type GrantRow = {
  readonly name: string;
  readonly to: Receivers;
  /** The authority that it issues under; none for the other verbs. */
  readonly issue?: string;
  /** What follows `to:`, for lines that are written by themselves. */
  readonly body: string;
  /** Homeworld's name of it. */
  readonly was: string;
};

/** Grants that stand together under a heading. */
export type GrantGroup = { readonly heading: string; readonly grants: readonly GrantRow[] };

const MASTER = ["master"] as const;
const MEMBERS = ["master", "worker"] as const;
const SUPERVISOR = ["supervisor"] as const;
const API_NAMES =
  "names: [<fqdn>, <node>, <address>, @API@, kubernetes, kubernetes.default, kubernetes.default.svc, kubernetes.default.svc.<internal-domain>]";
const OWN_NAMES = "names: [<fqdn>, <node>, <address>]";

/**
 * Every certificate of Homeworld, with its names and usages. The two that it issued for servers and clients at
 * once under an authority with others are two grants each, so that no server's certificate is good for a client.
 */
export const GRANT_GROUPS: readonly GrantGroup[] = [
  {
    heading: "every node",
    grants: [
      tls("node-identity", KINDS, "nodes", "usage: client, cn: <fqdn>", "renew-keygrant"),
      tls("ssh-host", KINDS, "ssh-host", OWN_NAMES, "grant-ssh-host"),
    ],
  },
  {
    heading: "etcd; members know each other by etcd-server too",
    grants: [
      tls(
        "etcd-server",
        MASTER,
        "etcd-server",
        `usage: [server, client], cn: etcd-server-<node>, ${OWN_NAMES}`,
        "grant-etcd-server",
      ),
      tls(
        "etcd-client",
        MASTER,
        "etcd-client",
        `usage: client, cn: etcd-client-<node>, ${OWN_NAMES}`,
        "grant-etcd-client",
      ),
    ],
  },
  {
    heading: "kubernetes",
    grants: [
      tls(
        "kube-apiserver",
        MASTER,
        "kubernetes",
        `usage: server, cn: apiserver:<node>, ${API_NAMES}`,
        "grant-kubernetes-master, the half for servers",
      ),
      kube(
        "apiserver-to-kubelet",
        MASTER,
        "cn: apiserver:<node>",
        "grant-kubernetes-master, for clients",
      ),
      kube(
        "kube-controller-manager",
        MASTER,
        "cn: system:kube-controller-manager",
        "grant-kubernetes-ctrl-mgr",
      ),
      kube("kube-scheduler", MASTER, "cn: system:kube-scheduler", "grant-kubernetes-scheduler"),
      tls(
        "kubelet-serving",
        MEMBERS,
        "kubernetes",
        `usage: server, cn: system:node:<node>, o: system:nodes, ${OWN_NAMES}`,
        "grant-kubernetes-worker, the half for servers",
      ),
      kube(
        "kubelet",
        MEMBERS,
        "cn: system:node:<node>, o: system:nodes",
        "grant-kubernetes-worker, for clients",
      ),
      kube("kube-proxy", MEMBERS, "cn: system:kube-proxy", "grant-kubernetes-proxy"),
      kube(
        "kube-supervisor",
        SUPERVISOR,
        "cn: supervisor:<node>, o: system:masters",
        "grant-kubernetes-supervisor",
      ),
      {
        name: "service-account-key",
        to: MASTER,
        body: "fetch: service-account.key",
        was: "fetch-serviceaccount-key",
      },
    ],
  },
  {
    heading: "registry",
    grants: [
      tls(
        "registry",
        SUPERVISOR,
        "services",
        "usage: [server, client], cn: homeworld-supervisor-<node>, names: [homeworld.private]",
        "grant-registry-host",
      ),
    ],
  },
  {
    heading: "people",
    grants: [
      tls("ssh-root", "admins", "ssh-user", "principals: [root], lifetime: 4h", "access-ssh"),
      tls(
        "kube-admin",
        "admins",
        "kubernetes",
        "usage: client, cn: root:<principal>, o: system:masters, lifetime: 4h",
        "access-kubernetes",
      ),
      tls(
        "etcd-admin",
        "admins",
        "etcd-client",
        `usage: client, cn: ${ETCD_ADMIN_PREFIX}<principal>, lifetime: 4h`,
        "access-etcd",
      ),
      {
        name: "admit",
        to: "admins",
        body: "admit: [@KINDS@], token-lifetime: 1h",
        was: "bootstrap",
      },
      {
        name: "operate",
        to: "admins",
        body: "operate: [revoke, audit, apply]",
        was: "none: root on the supervisor",
      },
    ],
  },
];

function tls(name: string, to: Receivers, issue: string, rest: string, was: string): GrantRow {
  return { name, to, issue, body: `issue: ${issue}, ${rest}`, was };
}

function kube(name: string, to: Receivers, rest: string, was: string): GrantRow {
  return tls(name, to, "kubernetes", `usage: client, ${rest}`, was);
}
