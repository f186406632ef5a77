/** One master that runs etcd and sshd, shaped like test/fixtures/policy.example.yaml, at an address that every machine has. */
export const CONSUMER_POLICY = `keysystem: policy/v1

cluster:
  name: hyades
  domain: hyades.test
  networks:
    nodes: [127.0.0.0/8]

authorities:
  nodes: { kind: tls, keys: [ed25519, ecdsa-p256], lifetime: 40d, max-lifetime: 45d }
  etcd-server: { kind: tls, keys: [ecdsa-p256], lifetime: 30d, max-lifetime: 35d }
  etcd-peer: { kind: tls, keys: [ecdsa-p256], lifetime: 30d, max-lifetime: 35d }
  etcd-client: { kind: tls, keys: [ecdsa-p256], lifetime: 30d, max-lifetime: 35d }
  ssh-host: { kind: ssh-host, keys: [ed25519, rsa-3072], lifetime: 30d, max-lifetime: 35d }
  ssh-user: { kind: ssh-user, keys: [ed25519], lifetime: 8h, max-lifetime: 24h }

roles: [master]

nodes:
  m1: { roles: [master], address: 127.0.0.1 }

grants:
  node-identity: { to: master, issue: nodes, usage: client, cn: <node> }
  ssh-host: { to: master, issue: ssh-host, names: [<fqdn>, <node>, <address>] }
  ssh-other: { to: master, issue: ssh-host, names: [other.<domain>] }
  etcd-client: { to: master, issue: etcd-client, usage: client, cn: apiserver-<node> }
  etcd-server: { to: master, issue: etcd-server, usage: [server, client], cn: etcd-<node>, names: [<fqdn>, <node>, <address>, localhost] }
  etcd-peer: { to: master, issue: etcd-peer, usage: [server, client], cn: etcd-<node>, names: [<fqdn>, <node>, <address>] }
`;
