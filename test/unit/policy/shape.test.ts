import { expect, test } from "vitest";
import { MAX_BYTES } from "../../../policy/source/document.ts";
import { codesOf, EXAMPLE, edit } from "./example.ts";
import { rule, spare, type WrongEdit } from "./edits.ts";

/** What is no policy by its shape: E1xx. */
const WRONG: readonly WrongEdit[] = [
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
