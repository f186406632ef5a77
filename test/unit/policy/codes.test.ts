import { expect, test } from "vitest";
import { MAX_BYTES } from "../../../policy/source/document.ts";
import { codesOf, EXAMPLE, edit } from "./example.ts";

const RULES = "  - { id: root-login,";
const rule = (text: string): readonly [string, string] => [RULES, `  - ${text}\n${RULES}`];
const GRANTS = "  # every node\n";
const grant = (text: string): readonly [string, string] => [GRANTS, `  extra: ${text}\n${GRANTS}`];
const TESTS = "  - { as: w1, ask: etcd-client, expect: denied }";
const policyTest = (text: string): readonly [string, string] => [TESTS, `  - ${text}\n${TESTS}`];
const W1 = "w1: { roles: [worker],     address: 10.18.60.21 }";
const spare = (name: string): readonly [string, string] => [
  W1,
  `${W1}\n  ${name}: { roles: [worker], address: 10.18.60.29 }`,
];

/** One wrong edit, and every code that comes of it. */
const WRONG: readonly (readonly [string, readonly [string, string], readonly string[]])[] = [
  ["a bracket that is not closed", ["roles: [master,", "roles: [[master,"], ["E101"]],
  ["a tab", ["  name: hyades", "\tname: hyades"], ["E101"]],
  ["a tab between key and value", ["  name: hyades", "  name:\thyades"], ["E101"]],
  ["text that runs from right to left", ["# every node", "# \u202eevery node"], ["E101"]],
  ["a control character", ["# every node", "# \u0007"], ["E101"]],
  ["a second document", ["roles: [master,", "---\nroles: [master,"], ["E101"]],
  ["a YAML directive", ["# /etc/keysystem", "%YAML 1.1\n---\n# /etc/keysystem"], ["E103"]],
  [
    "a duplicate key",
    ["  realm: EXAMPLE.EDU", "  realm: EXAMPLE.EDU\n  realm: EXAMPLE.EDU"],
    ["E102"],
  ],
  ["a node twice", ["m2: { roles: [master]", "m1: { roles: [master]"], ["E102"]],
  ["an entry twice", ["[offices, nodes]", "[offices, offices]"], ["E102"]],
  ["a rule twice", ["id: masters-group", "id: root-login"], ["E102"]],
  ["an anchor", ["roles: [master, w", "roles: &r [master, w"], ["E103"]],
  [
    "an alias",
    ["{ roles: [master],     address: 10.18.60.11", "{ roles: *r, address: 10.18.60.11"],
    ["E103"],
  ],
  ["a tag", ["name: hyades", "name: !!str hyades"], ["E103"]],
  ["a tag of JavaScript", ["name: hyades", "name: !!js/function hyades"], ["E103"]],
  ["a merge key", ["max-age: 15m", "<<: { a: b }, max-age: 15m"], ["E103"]],
  ["an unknown section", ["roles: [master,", "rolls: x\nroles: [master,"], ["E110"]],
  [
    "a misspelt key that is needed",
    ["cn: system:kube-scheduler", "cm: system:kube-scheduler"],
    ["E110"],
  ],
  ["a misspelt verb", ["{ to: master, fetch: service", "{ to: master, fecth: service"], ["E110"]],
  [
    "misspelt principals",
    ["principals: [root], lifetime", "principal: [root], lifetime"],
    ["E110"],
  ],
  ["a misspelt wildcard", ["wildcard: true }\n  ceph", "wildcrd: true }\n  ceph"], ["E110"]],
  [
    "a key of another kind of grant",
    ["issue: ssh-user, principals: [root]", "issue: ssh-user, cn: x, principals: [root]"],
    ["E110"],
  ],
  ["an unknown directory", ["  gitlab: { max", "  github: { max"], ["E110", "E201"]],
  [
    "an unknown key in a test",
    ["ask: etcd-client, expect", "ask: etcd-client, form: 10.0.0.1, expect"],
    ["E110"],
  ],
  ["an unknown field to expect", ["{ cn: apiserver-m1,", "{ dn: apiserver-m1,"], ["E110"]],
  ["yes for true", ["wildcard: true }\n  ceph", "wildcard: yes }\n  ceph"], ["E111"]],
  ["a quoted true", ["wildcard: true }\n  ceph", 'wildcard: "true" }\n  ceph'], ["E111"]],
  ["a number for a name", ["name: hyades", "name: 007"], ["E111"]],
  ["a key that is a number", spare("1e3"), ["E111"]],
  ["a key that is a number with zeros", spare("007"), ["E111"]],
  ["a key that is null", spare("null"), ["E111"]],
  ["a key that is a list", spare("? [a, b]\n "), ["E101"]],
  ["an unquoted IPv6 address", ["[10.18.60.0/23]", "[2001:db8::]"], ["E111"]],
  [
    "a directory that is a list",
    ["  ldap:   { max-age: 5m,  when-unreachable: deny }", "  ldap: [deny]"],
    ["E111"],
  ],
  ["nothing after a key", ["realm: EXAMPLE.EDU", "realm:"], ["E111"]],
  [
    "two verbs",
    ["fetch: service-account.key", "fetch: service-account.key, operate: [audit]"],
    ["E111"],
  ],
  ["choosing none at most", ["choose-at-most: 1", "choose-at-most: 0"], ["E111"]],
  [
    "a grant without verb",
    ["{ to: master, fetch: service-account.key }", "{ to: master }"],
    ["E112"],
  ],
  ["a grant to nobody", ["{ to: master, fetch", "{ fetch"], ["E112"]],
  ["a grant without cn", [", cn: system:kube-scheduler", ""], ["E112"]],
  ["a server without names", [", names: [registry.<domain>]", ""], ["E112"]],
  [
    "a node without roles",
    ["{ roles: [ceph],       address: 10.18.60.31 }", "{ address: 10.18.60.31 }"],
    ["E112"],
  ],
  [
    "a test that expects nothing",
    [", ask: etcd-client, expect: denied", ", ask: etcd-client"],
    ["E112"],
  ],
  [
    "a test that asks for nothing",
    [", ask: etcd-client, expect: denied", ", expect: denied"],
    ["E112"],
  ],
  ["a rule without id", rule("{ who: { not: [master] }, gets: { o: x } }"), ["E112"]],
  ["a rule against nobody", rule("{ id: x, who: {}, gets: { o: x } }"), ["E112"]],
  [
    "a rule with is and not",
    rule("{ id: x, who: { is: [people], not: [master] }, gets: { o: x } }"),
    ["E112"],
  ],
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
  ["a duration without unit", ["token-lifetime: 1h", "token-lifetime: 3600"], ["E301"]],
  ["a duration of nothing", ["token-lifetime: 1h", "token-lifetime: 0h"], ["E301"]],
  ["a negative duration", ["token-lifetime: 1h", "token-lifetime: -1h"], ["E301"]],
  ["a duration beyond ten years", ["token-lifetime: 1h", "token-lifetime: 9999999d"], ["E301"]],
  ["a pattern in a name", ["[registry.<domain>]", '["registry.*"]'], ["E302"]],
  ["a pattern in a cn", ["cn: kube-apiserver-kubelet-client", "cn: kube-(api|x)"], ["E302"]],
  ["a name in capitals", ["[registry.<domain>]", "[Registry.<domain>]"], ["E302"]],
  ["a name that is no A-label", ["[registry.<domain>]", "[bücher.<domain>]"], ["E302"]],
  ["a wildcard in the middle", ['"*.s3.<domain>"', '"a.*b.<domain>"'], ["E302"]],
  ["a wildcard and no more", ['"*.s3.<domain>"', '"*"'], ["E302"]],
  [
    "a principal with a comma",
    ["principals: [root], lifetime", 'principals: ["root,postgres"], lifetime'],
    ["E302"],
  ],
  [
    "a principal for everyone",
    ["principals: [root], lifetime", 'principals: ["*"], lifetime'],
    ["E302"],
  ],
  [
    "a principal that looks like another",
    ["principals: [root], lifetime", 'principals: ["ro\u043et"], lifetime'],
    ["E302"],
  ],
  [
    "a principal with a newline",
    ["principals: [root], lifetime", 'principals: ["root\\nx"], lifetime'],
    ["E302"],
  ],
  ["a cn with syntax of a DN", ["cn: front-proxy-client", 'cn: "front,o=x"'], ["E302"]],
  ["a variable that is not closed", ["cn: rgw-<node>", 'cn: "rgw-<node"'], ["E302"]],
  ["a node's name in capitals", spare("W9"), ["E302"]],
  ["a fact from nowhere", ["[ldap:hyades-oncall]", "[hyades-oncall]"], ["E302"]],
  ["a principal without realm", ["kerberos:huy/root@EXAMPLE.EDU", "kerberos:huy/root"], ["E302"]],
  ["a pattern in a group", ["[ldap:hyades-oncall]", '["ldap:hyades-*"]'], ["E302"]],
  [
    "a file in another folder",
    ["fetch: service-account.key", "fetch: ../service-account.key"],
    ["E302"],
  ],
  [
    "a pattern in the middle of a rule",
    rule('{ id: x, who: { not: [master] }, gets: { cn: "a*b" } }'),
    ["E302"],
  ],
  [
    "a rule about names with a part of a label",
    rule('{ id: x, who: { not: [master] }, gets: { name: "kube*" } }'),
    ["E302"],
  ],
  [
    "an included file in another folder",
    ["roles: [master,", "include: ../x.yaml\nroles: [master,"],
    ["E302"],
  ],
  [
    "a lifetime over the authority's",
    [
      "token-lifetime: 15m }",
      "token-lifetime: 15m }\n  long: { to: users, issue: ssh-user, principals: [<user>], lifetime: 25h }",
    ],
    ["E303"],
  ],
  [
    "an authority over itself",
    ["lifetime: 60d, max-lifetime: 70d", "lifetime: 80d, max-lifetime: 70d"],
    ["E303"],
  ],
  [
    "a list that is too long",
    [
      "[ceph-ops, kube-ops]",
      `[${Array.from({ length: 33 }, (_, index) => `p${index}`).join(", ")}]`,
    ],
    ["E303"],
  ],
  ["a cn that becomes too long", spare("n".repeat(60)), ["E303"]],
  ["an address that is none", ["address: 10.18.60.11", "address: 10.18.60.256"], ["E304"]],
  ["an address with zeros in front", ["address: 10.18.60.11", "address: 10.18.060.11"], ["E304"]],
  ["a network with bits to spare", ["10.9.0.0/16", "10.9.1.0/16"], ["E304"]],
  ["a network without width", ["10.9.0.0/16", "10.9.0.0"], ["E304"]],
  ["an address for two", ["address: 10.18.60.12", "address: 10.18.60.11"], ["E305"]],
  [
    "an address for two in another spelling",
    ["address: 10.18.60.12", 'address: "::ffff:10.18.60.11"'],
    ["E305"],
  ],
  [
    "an empty list of principals",
    ["principals: [root], lifetime", "principals: [], lifetime"],
    ["E306"],
  ],
  ["an empty list of recipients", ["{ to: master, fetch", "{ to: [], fetch"], ["E306"]],
  ["an empty list of facts", ["also-in: [ldap:active]", "also-in: []"], ["E306"]],
  ["an empty rule", rule("{ id: x, who: { not: [master] }, gets: {} }"), ["E306"]],
  ["no roles", ["roles: [master, worker, supervisor, ceph]", "roles: []"], ["E306"]],
  ["a wildcard that is not declared", [", wildcard: true }\n  ceph", " }\n  ceph"], ["E307"]],
  [
    "a wildcard that is denied",
    ["wildcard: true }\n  ceph", "wildcard: false }\n  ceph"],
    ["E307"],
  ],
  ["a wildcard for hosts", ["[<fqdn>, <node>, <address>] }\n\n", '["*.<domain>"] }\n\n'], ["E307"]],
  ["a user certificate for nobody", ["principals: [root], lifetime", "lifetime"], ["E308"]],
  [
    "a host certificate for nobody",
    [", issue: ssh-host, names: [<fqdn>, <node>, <address>]", ", issue: ssh-host"],
    ["E308"],
  ],
  ["a node called like a service", spare("kubernetes"), ["E309"]],
  ["a node called like an account", spare("root"), ["E309"]],
  ["a node that becomes a written name", spare("api"), ["E309"]],
  ["a node with a written address", ["address: 10.18.60.21", "address: 172.28.0.1"], ["E309"]],
  [
    "a node that a template makes a written name",
    ["cn: front-proxy-client", "cn: etcd-m1"],
    ["E309"],
  ],
  ["root for anybody else", ["[ceph-ops, kube-ops]", "[root]"], ["E401"]],
  ["a group of masters for anybody else", ["o: cluster-users", "o: system:masters"], ["E401"]],
  ["a variable after a forbidden beginning", ["cn: user:<user>", "cn: system:<user>"], ["E401"]],
  [
    "a variable that makes a forbidden beginning",
    ["cn: user:<user>", "cn: <user>:admin"],
    ["E401"],
  ],
  [
    "an authority that is kept to masters",
    grant("{ to: worker, issue: etcd-client, usage: client, cn: x-<node> }"),
    ["E401"],
  ],
  ["a name that is kept to masters", ["[registry.<domain>]", "[api.<domain>]"], ["E401"]],
  ["a name below one that is kept", ["[registry.<domain>]", "[kubernetes.default]"], ["E401"]],
  ["a wildcard over a name that is kept", ['"*.s3.<domain>"', '"*.<domain>"'], ["E401"]],
  [
    "a wildcard for others",
    ["[registry.<domain>]", '["*.registry.<domain>"], wildcard: true'],
    ["E401"],
  ],
  [
    "a certificate for long",
    rule("{ id: x, who: { is: [people] }, gets: { lifetime-over: 11h } }"),
    ["E401", "E401"],
  ],
  ["an admission of masters", ["admit: [worker]", "admit: [worker, master]"], ["E401"]],
  [
    "a file",
    rule("{ id: x, who: { not: [worker] }, gets: { fetch: service-account.key } }"),
    ["E401"],
  ],
  ["an action", rule("{ id: x, who: { not: [oncall] }, gets: { operate: apply } }"), ["E401"]],
  [
    "a late answer for others than root",
    ["max-age: 5m,  when-unreachable: deny", "max-age: 5m, when-unreachable: { use-last: 1h }"],
    [],
  ],
  [
    "a test that fails",
    ["ask: etcd-client, expect: denied", "ask: kube-proxy, expect: denied"],
    ["E501"],
  ],
  ["a test of a field that fails", ["cn: apiserver-m1", "cn: apiserver-m2"], ["E501"]],
  ["a test of less than is held", ["kubelet-serving, kube-proxy]", "kubelet-serving]"], ["E501"]],
  [
    "a test of more than is held",
    ["[ssh-login, kube-user]", "[ssh-login, kube-user, operate]"],
    ["E501"],
  ],
  [
    "a group without grant",
    ["  oncall:      {", "  spare: { from: [ldap:spare] }\n  oncall:      {"],
    ["W601"],
  ],
  [
    "a grant without test",
    grant("{ to: users, issue: ssh-user, principals: [<user>] }"),
    ["W602", "E501"],
  ],
  [
    "an authority without grant",
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
    "both usages beside others",
    ["usage: server, cn: registry", "usage: [server, client], cn: registry"],
    ["W605"],
  ],
  ["a rule for one group", rule("{ id: x, who: { is: [oncall] }, gets: { o: x } }"), ["W606"]],
  [
    "an expectation of nothing known",
    policyTest("{ as: w1, ask: kubelet, expect: maybe }"),
    ["E201"],
  ],
  [
    "a principal that is none",
    policyTest('{ as: "a b@R", ask: kubelet, expect: denied }'),
    ["E302"],
  ],
];

test.each(WRONG)("%s", (_, [from, to], codes) => {
  expect(codesOf(edit(EXAMPLE, from, to))).toEqual(codes);
});

test.each([
  ["nothing", "", ["E111"]],
  ["a list", "- a", ["E111"]],
  ["a binary file", "\0\u0001", ["E101"]],
  ["too much", " ".repeat(MAX_BYTES + 1), ["E101"]],
  ["too much in UTF-8", `#${"é".repeat(MAX_BYTES / 2)}`, ["E101"]],
  ["no section", "keysystem: policy/v1", ["E112"]],
])("%s is no policy", (_, text, codes) => {
  expect(codesOf(text)).toEqual(codes);
});

test("nobody becomes root on a late answer of a directory", () => {
  const late = edit(
    EXAMPLE,
    "max-age: 5m,  when-unreachable: deny",
    "max-age: 5m, when-unreachable: { use-last: 1h }",
  );
  const relying = edit(late, "kerberos:huy/root@EXAMPLE.EDU", "ldap:roots");
  expect(codesOf(relying)).toEqual(["E401"]);
});
