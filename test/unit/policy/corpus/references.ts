import { grant, policyTest, rule, W1, type WrongEdit } from "../edits.ts";

/** What refers to nothing: E2xx. */
export const REFERENCE_FAULTS: readonly WrongEdit[] = [
  ["an unknown version", ["policy/v1", "policy/v2"], ["E201"]],
  ["an unknown role", ["{ roles: [supervisor],", "{ roles: [supervizor],"], ["E201"]],
  ["an unknown authority", ["issue: front-proxy,", "issue: front-procsy,"], ["E201"]],
  ["an unknown network", ["[offices, nodes]", "[offices, cellar]"], ["E201"]],
  ["an address in place of a network", ["[offices, nodes]", "[10.9.0.0/16]"], ["E201"]],
  ["an unknown kind of authority", ["kind: ssh-host", "kind: ssh-hosts"], ["E201"]],
  ["an unknown kind of key", ["keys: [ed25519, rsa-3072]", "keys: [ed25519, rsa-1024]"], ["E201"]],
  [
    "a security token's key for TLS",
    ["keys: [ed25519, ecdsa-p256], l", "keys: [ed25519-sk], l"],
    ["E201"],
  ],
  ["an unknown usage", ["usage: server, cn: registry", "usage: servers, cn: registry"], ["E201"]],
  [
    "an unknown extension",
    ["permit-pty, permit-port-forwarding", "permit-pty, permit-everything"],
    ["E201"],
  ],
  ["an unknown action", ["operate: [revoke,", "operate: [revise,"], ["E201"]],
  ["an unknown role to admit", ["admit: [worker]", "admit: [wurker]"], ["E201"]],
  [
    "a reason that may be left out",
    ["nodes], reason: required", "nodes], reason: optional"],
    ["E201"],
  ],
  [
    "a directory that allows when unreachable",
    ["max-age: 5m,  when-unreachable: deny", "max-age: 5m, when-unreachable: allow"],
    ["E201"],
  ],
  ["an unknown name in a rule", rule("{ id: x, who: { not: [mastr] }, gets: { o: x } }"), ["E201"]],
  [
    "an unknown authority in a rule",
    rule("{ id: x, who: { not: [master] }, gets: { issue: etcd } }"),
    ["E201"],
  ],
  ["an unknown grant in a test", ["ask: etcd-client, expect", "ask: etcd-clint, expect"], ["E201"]],
  [
    "an unknown grant held",
    ["[node-identity, ssh-host, registry,", "[node-identity, ssh-hosts, registry,"],
    ["E201"],
  ],
  ["an unknown node in a test", ["as: w1, ask", "as: w9, ask"], ["E201"]],
  [
    "an included file that is not there",
    ["roles: [master,", "include: inventory.yaml\nroles: [master,"],
    ["E201"],
  ],
  ["an unknown variable", ["cn: rgw-<node>", "cn: rgw-<nodes>"], ["E202"]],
  ["a variable without a name", ["cn: rgw-<node>", 'cn: "rgw-<>"'], ["E202"]],
  ["a node's variable for people", ["cn: user:<user>", "cn: user:<node>"], ["E203"]],
  ["a person's variable for nodes", ["cn: rgw-<node>", "cn: rgw-<user>"], ["E203"]],
  [
    "a person's variable in names",
    grant("{ to: users, issue: services, usage: server, cn: x, names: [<user>.example] }"),
    ["E203"],
  ],
  [
    "a principal in names",
    grant("{ to: users, issue: services, usage: server, cn: x, names: [<principal>] }"),
    ["E203"],
  ],
  ["a variable to choose", ["[ceph-ops, kube-ops]", "[<user>]"], ["E203"]],
  [
    "a variable in a rule",
    rule("{ id: x, who: { not: [master] }, gets: { cn: <user> } }"),
    ["E203"],
  ],
  ["no internal domain", ["  internal-domain: hyades.local\n", ""], ["E203"]],
  ["an address that a node lacks", [W1, "w1: { roles: [worker] }"], ["E203"]],
  [
    "a group with the name of a role",
    ["  oncall:      {", "  worker: { from: [ldap:x] }\n  oncall:      {"],
    ["E204"],
  ],
  [
    "a role called people",
    ["supervisor, ceph]\n\nnodes", "supervisor, ceph, people]\n\nnodes"],
    ["E204"],
  ],
  [
    "roles and groups in one grant",
    ["{ to: users, issue: kubernetes", "{ to: [users, worker], issue: kubernetes"],
    ["E205"],
  ],
  [
    "an expectation of nothing known",
    policyTest("{ as: w1, ask: kubelet, expect: maybe }"),
    ["E201"],
  ],
];
