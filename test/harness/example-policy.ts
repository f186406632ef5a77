import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "./source-tree.ts";

/** The example policy, its nodes moved to this machine: 10.18.60.N becomes 127.0.1.N. */
export const exampleOnLoopback = (): string =>
  readFileSync(join(CHECKOUT, "test/fixtures/policy.example.yaml"), "utf8")
    .replaceAll("10.18.60.0/23", "127.0.1.0/24")
    .replaceAll("10.18.60.", "127.0.1.");

/** What a grant of the example policy gives, written down by hand from its text. */
export type Expected =
  | {
      readonly kind: "tls";
      readonly authority: string;
      readonly cn: string;
      readonly o?: string;
      readonly usage: readonly ("server" | "client")[];
      readonly dns?: readonly string[];
      readonly ip?: readonly string[];
      readonly days: number;
    }
  | { readonly kind: "ssh"; readonly authority: string; readonly principals: readonly string[] };

const DOMAIN = "hyades.example.edu";
const SERVER = ["server"] as const;
const CLIENT = ["client"] as const;
const BOTH = ["server", "client"] as const;

/** Every certificate that a node with this role gets. */
export function expectedGrants(
  role: "master" | "worker" | "ceph" | "supervisor",
  { node, address }: { readonly node: string; readonly address: string },
): Readonly<Record<string, Expected>> {
  const fqdn = `${node}.${DOMAIN}`;
  const own = { dns: [fqdn, node], ip: [address], days: 30, kind: "tls" } as const;
  const client = { kind: "tls", usage: CLIENT, days: 30 } as const;
  const web = { kind: "tls", usage: SERVER, authority: "services", days: 30 } as const;
  const all = {
    "node-identity": { ...client, authority: "nodes", cn: node, days: 40 },
    "ssh-host": { kind: "ssh", authority: "ssh-host", principals: [fqdn, node, address] },
  } as const;
  const kube = { authority: "kubernetes" } as const;
  const machine = { cn: `system:node:${node}`, o: "system:nodes", ...kube };
  const worker = {
    ...all,
    kubelet: { ...client, ...machine },
    "kubelet-serving": { ...own, ...machine, usage: SERVER },
    "kube-proxy": { ...client, ...kube, cn: "system:kube-proxy" },
  } as const;
  switch (role) {
    case "worker":
      return worker;
    case "ceph": {
      const s3 = [fqdn, `s3.${DOMAIN}`, `*.s3.${DOMAIN}`];
      return {
        ...all,
        "ceph-rgw": { ...web, cn: `rgw-${node}`, dns: s3 },
        "ceph-dashboard": { ...web, cn: `ceph-mgr-${node}`, dns: [fqdn, `ceph.${DOMAIN}`] },
      };
    }
    case "supervisor":
      return {
        ...all,
        registry: { ...web, cn: `registry-${node}`, dns: [`registry.${DOMAIN}`] },
        "prometheus-web": { ...web, cn: `prometheus-${node}`, dns: [`prometheus.${DOMAIN}`] },
        prometheus: { ...client, ...kube, cn: "prometheus", o: "monitoring" },
      };
    case "master":
      return { ...worker, ...masterGrants({ node, address }) };
  }
}

type Node = { readonly node: string; readonly address: string };

function masterGrants({ node, address }: Node): Readonly<Record<string, Expected>> {
  const fqdn = `${node}.${DOMAIN}`;
  const own = { dns: [fqdn, node], ip: [address], days: 30, kind: "tls" } as const;
  const client = { kind: "tls", usage: CLIENT, days: 30 } as const;
  const kube = { authority: "kubernetes" } as const;
  const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const internal = "kubernetes.default.svc.hyades.local";
  const etcd = { ...own, cn: `etcd-${node}`, usage: BOTH } as const;
  const api = [fqdn, node, `api.${DOMAIN}`, ...service, internal];
  return {
    "etcd-server": { ...etcd, authority: "etcd-server", dns: [fqdn, node, "localhost"] },
    "etcd-peer": { ...etcd, authority: "etcd-peer" },
    "etcd-client": { ...client, authority: "etcd-client", cn: `apiserver-${node}` },
    "kube-apiserver": {
      ...own,
      ...kube,
      cn: `apiserver-${node}`,
      usage: SERVER,
      dns: api,
      ip: [address, "172.28.0.1"],
    },
    "apiserver-to-kubelet": {
      ...client,
      ...kube,
      cn: "kube-apiserver-kubelet-client",
      o: "kubelet-callers",
    },
    "kube-controller-manager": { ...client, ...kube, cn: "system:kube-controller-manager" },
    "kube-scheduler": { ...client, ...kube, cn: "system:kube-scheduler" },
    "front-proxy": { ...client, authority: "front-proxy", cn: "front-proxy-client" },
  };
}

/** Every node of the example with its role. */
export const EXAMPLE_NODES = [
  ...[11, 12, 13].map((last, index) => ({ node: `m${index + 1}`, role: "master" as const, last })),
  ...[21, 22, 23].map((last, index) => ({ node: `w${index + 1}`, role: "worker" as const, last })),
  ...[31, 32, 33].map((last, index) => ({ node: `c${index + 1}`, role: "ceph" as const, last })),
  { node: "s1", role: "supervisor" as const, last: 40 },
].map(({ last, ...rest }) => ({ ...rest, address: `127.0.1.${last}` }));
