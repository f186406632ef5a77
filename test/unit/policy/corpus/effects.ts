import { grant, policyTest, rule, type WrongEdit } from "../edits.ts";

const ADMIT = `  admit:          { to: root-admins, admit: [master, worker, supervisor, ceph], token-lifetime: 1h }
  admit-workers:  { to: oncall, admit: [worker], token-lifetime: 15m }
`;
const ONCALL = "oncall:      { from: [ldap:hyades-oncall], also-in: [ldap:staff] }";
const USERS = "people:                                   # from";
const TESTS = "tests:                                    # run by";

/** What a policy would do and should not, and what is probably not meant: E4xx, E5xx and W6xx. */
export const EFFECT_FAULTS: readonly WrongEdit[] = [
  ["root for the people on call", ["[ceph-ops, kube-ops]", "[ceph-ops, root]"], ["E401"]],
  ["a system group for users", ["o: cluster-users", "o: system:masters"], ["E401"]],
  [
    "a certificate of etcd for workers",
    ["{ to: master, issue: etcd-client", "{ to: [master, worker], issue: etcd-client"],
    ["E401"],
  ],
  [
    "the name of the API for supervisors",
    ["names: [registry.<domain>]", "names: [api.<domain>]"],
    ["E401"],
  ],
  [
    "a wildcard for supervisors",
    ["names: [registry.<domain>]", 'wildcard: true, names: ["*.<domain>"]'],
    ["E401"],
  ],
  [
    "admission of masters on call",
    ["oncall, admit: [worker]", "oncall, admit: [worker, master]"],
    ["E401"],
  ],
  [
    "a week for people",
    rule("{ id: hours, who: { is: [people] }, gets: { lifetime-over: 4h } }"),
    ["E401", "E401", "E401"],
  ],
  [
    "a file that nobody may have",
    rule("{ id: keys, who: { not: [ceph] }, gets: { fetch: service-account.key } }"),
    ["E401"],
  ],
  [
    "an action that nobody may take",
    rule("{ id: quiet, who: { is: [people] }, gets: { operate: apply } }"),
    ["E401"],
  ],
  [
    "root on the word of a directory that is down",
    [
      "[kerberos:cela/root@EXAMPLE.EDU, kerberos:huy/root@EXAMPLE.EDU] }",
      "[kerberos:cela/root@EXAMPLE.EDU], also-in: [ldap:staff] }\n#",
    ],
    ["E501", "E501"],
  ],
  ["no grant to admit", [ADMIT, ""], ["E201", "E201"]],
  [
    "admission by a group without members",
    [ONCALL, "oncall: { from: [kerberos:a@X], also-in: [kerberos:b@X] }"],
    ["E501", "E501"],
  ],
  ["a test that fails", policyTest("{ as: w1, ask: kubelet, expect: denied }"), ["E501"]],
  [
    "a test with another lifetime",
    policyTest("{ as: w1, ask: kubelet, expect: { lifetime: 1d } }"),
    ["E501"],
  ],
  [
    "a test with another name",
    policyTest("{ as: w1, ask: kubelet, expect: { cn: w1, o: system:nodes } }"),
    ["E501"],
  ],
  ["a test that holds less", policyTest("{ as: w1, holds-exactly: [] }"), ["E501"]],
  [
    "a test that holds more",
    policyTest("{ as: cela@EXAMPLE.EDU, holds-exactly: [operate] }"),
    ["E501"],
  ],
  [
    "a group that gets nothing",
    [USERS, "people:\n  guests: { from: [ldap:guests] }\n  #"],
    ["W601"],
  ],
  ["a grant without a test", grant("{ to: oncall, fetch: notes.txt }"), ["W602"]],
  ["no tests at all", [TESTS, "x-tests: #"], ["E110"]],
  [
    "an authority that issues nothing",
    [
      "  ssh-host:    { kind",
      "  spare: { kind: tls, keys: [ed25519], lifetime: 1d }\n  ssh-host:    { kind",
    ],
    ["W603"],
  ],
  [
    "a role without nodes",
    ["supervisor, ceph]\n\nnodes", "supervisor, ceph, spare]\n\nnodes"],
    ["W604"],
  ],
  [
    "an authority for both usages",
    [
      "issue: services, usage: server, cn: registry",
      "issue: services, usage: [server, client], cn: registry",
    ],
    ["W605"],
  ],
  [
    "a rule about one group",
    rule("{ id: x, who: { is: [oncall] }, gets: { principal: root } }"),
    ["W606"],
  ],
];
