/** The TLS grants that a master asks for in one batch of eight, as a real one does when all are due. */
export const TLS_GRANTS = [
  "etcd-server",
  "etcd-peer",
  "etcd-client",
  "kube-apiserver",
  "apiserver-to-kubelet",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
] as const;

/** The bench's machines by name, with the loopback address that each speaks from. */
export const benchNodes = (count: number): ReadonlyMap<string, string> =>
  new Map(Array.from({ length: count }, (_, index) => [`m${index + 1}`, `127.0.1.${index + 1}`]));

/**
 * A policy in the shape of a real cluster's, with `count` masters on loopback.
 *
 * Without `bound`, nodes have no address, for a load that cannot choose where it speaks from.
 */
export function benchPolicy(count: number, bound: boolean): string {
  const nodes = [...benchNodes(count)].map(([name, address]) => {
    return `  ${name}: { roles: [master]${bound ? `, address: ${address}` : ""} }`;
  });
  return `${HEAD}nodes:\n${nodes.join("\n")}\n${GRANTS}`;
}

const HEAD = `keysystem: policy/v1
cluster: { name: bench, domain: bench.test, internal-domain: bench.local }
authorities:
  nodes:       { kind: tls, keys: [ed25519, ecdsa-p256], lifetime: 40d, max-lifetime: 45d }
  kubernetes:  { kind: tls, keys: [ecdsa-p256, rsa-3072], lifetime: 30d, max-lifetime: 35d }
  etcd-server: { kind: tls, keys: [ecdsa-p256], lifetime: 30d, max-lifetime: 35d }
  etcd-peer:   { kind: tls, keys: [ecdsa-p256], lifetime: 30d, max-lifetime: 35d }
  etcd-client: { kind: tls, keys: [ecdsa-p256], lifetime: 30d, max-lifetime: 35d }
  ssh-host:    { kind: ssh-host, keys: [ed25519, rsa-3072], lifetime: 60d, max-lifetime: 70d }
roles: [master, worker]
`;

const GRANTS = `grants:
  node-identity: { to: [master, worker], issue: nodes, usage: client, cn: <node> }
  ssh-host:      { to: [master, worker], issue: ssh-host, names: [<fqdn>, <node>] }
  etcd-server:   { to: master, issue: etcd-server, usage: [server, client], cn: etcd-<node>, names: [<fqdn>, <node>, localhost] }
  etcd-peer:     { to: master, issue: etcd-peer, usage: [server, client], cn: etcd-<node>, names: [<fqdn>, <node>] }
  etcd-client:   { to: master, issue: etcd-client, usage: client, cn: apiserver-<node> }
  kube-apiserver:
    to: master
    issue: kubernetes
    usage: server
    cn: apiserver-<node>
    names: [<fqdn>, <node>, api.<domain>, 172.28.0.1, kubernetes, kubernetes.default, kubernetes.default.svc]
  apiserver-to-kubelet:    { to: master, issue: kubernetes, usage: client, cn: kube-apiserver-kubelet-client, o: kubelet-callers }
  kube-controller-manager: { to: master, issue: kubernetes, usage: client, cn: system:kube-controller-manager }
  kube-scheduler:          { to: master, issue: kubernetes, usage: client, cn: system:kube-scheduler }
  kubelet:                 { to: [master, worker], issue: kubernetes, usage: client, cn: system:node:<node>, o: system:nodes }
never:
  - { id: etcd-off-master, who: { not: [master] }, gets: { issue: [etcd-client, etcd-peer, etcd-server] } }
  - { id: api-names, who: { not: [master] }, gets: { name: [kubernetes, "kubernetes.*", api.<domain>] } }
tests:
  - { as: m1, ask: kube-apiserver, expect: { cn: apiserver-m1, usage: [server] } }
`;
