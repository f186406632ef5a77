import { expect, test } from "vitest";
import { codesOf, EXAMPLE, edit } from "./example.ts";
import { grant, rule, type WrongEdit } from "./edits.ts";

/** What is well-formed and still not meant: E4xx, E501, W6xx. */
const WRONG: readonly WrongEdit[] = [
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
];

test.each(WRONG)("%s", (_, [from, to], codes) => {
  expect(codesOf(edit(EXAMPLE, from, to))).toEqual(codes);
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
