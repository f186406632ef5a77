import { expect, test } from "vitest";
import { codesOf, EXAMPLE, edit } from "./example.ts";
import { policyTest, rule, spare, type WrongEdit } from "./edits.ts";

/** What has a value that cannot be: E3xx. */
const WRONG: readonly WrongEdit[] = [
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
  [
    "a principal that is none",
    policyTest('{ as: "a b@R", ask: kubelet, expect: denied }'),
    ["E302"],
  ],
];

test.each(WRONG)("%s", (_, [from, to], codes) => {
  expect(codesOf(edit(EXAMPLE, from, to))).toEqual(codes);
});
