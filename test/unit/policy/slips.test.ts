import { describe, expect, test } from "vitest";
import type { Policy } from "../../../policy/decision.ts";
import type { Diagnostic } from "../../../policy/diagnostic.ts";
import { accessOf } from "../../../policy/effects/access.ts";
import { diff } from "../../../policy/effects/diff.ts";
import { readPolicy } from "../../../policy/read.ts";
import { runTests } from "../../../policy/tests.ts";
import { said, type Edit } from "./effects/changes.ts";
import { edit, EXAMPLE, example } from "./example.ts";

/**
 * Slips that were made, each as an edit of the example: those of Homeworld's keyserver by their
 * commits, and those that other systems are known for. What is not listed says nothing about it.
 */
type Slip = {
  readonly slip: string;
  readonly edits: readonly Edit[];
  /** Every message of the check; with an error there is no policy, and nothing further to look at. */
  readonly check?: readonly string[];
  /** Every test of the policy's own that fails. */
  readonly tests?: readonly string[];
  /** Every line of the diff. */
  readonly diff?: readonly string[];
  /** Lines of access that come, `+`, or go, `-`. */
  readonly access?: readonly string[];
};

const ADMINS = "kerberos:huy/root@EXAMPLE.EDU]";
const NO_MASTERS =
  "  - { id: masters-group,   who: { not: [root-admins] },          gets: { o: system:masters } }\n";
const ROOT_LOGS_IN =
  "{ user: root, in: [ldap:hyades-users, ldap:active] }, ask: ssh-login, expect:";

const HOMEWORLD: readonly Slip[] = [
  {
    slip: "30f795c: one word gives supervisors the kubelet's certificate",
    edits: [
      [
        "kubelet:                 { to: [master, worker],",
        "kubelet:                 { to: [master, worker, supervisor],",
      ],
    ],
    tests: ["E501 121:15 test failed: s1 holds-exactly: got: also holds kubelet (line 69)"],
    diff: ["+ | s1 | kubelet | CN=system:node:s1  O=system:nodes  client  30d"],
    access: [
      "+s1 kubelet issue kubernetes CN=system:node:s1 O=system:nodes client 30d backdate 5m keys ecdsa-p256,rsa-3072",
    ],
  },
  {
    slip: "438614b: the supervisor's own certificate has system:masters, to be narrowed later",
    edits: [["o: monitoring", "o: system:masters"]],
    check: [
      'E401 81:90 grant "prometheus" gives O=system:masters to s1, which never rule "masters-group" forbids: forbidden for everyone outside root-admins',
    ],
  },
  {
    slip: "50e98e7: the account that watches the servers is put among the administrators",
    edits: [[ADMINS, `${ADMINS.slice(0, -1)}, kerberos:metrics@NONEXISTENT.REALM.INVALID]`]],
    diff: [
      "+ | people root-admins | may now come from kerberos:metrics@NONEXISTENT.REALM.INVALID",
      "+ | metrics@NONEXISTENT.REALM.INVALID | ssh-root | login root  extensions permit-pty  4h  source-address 10.9.0.0/16,2001:db8:9::/48,10.18.60.0/23  reason required",
      "+ | metrics@NONEXISTENT.REALM.INVALID | admit | admit ceph,master,supervisor,worker  1h",
      "+ | metrics@NONEXISTENT.REALM.INVALID | operate | operate apply,audit,revoke",
    ],
    access: ["+metrics@NONEXISTENT.REALM.INVALID operate operate apply,audit,revoke"],
  },
  {
    slip: "7752a97: nothing looks whether an administrator is there twice",
    edits: [[ADMINS, `${ADMINS.slice(0, -1)}, kerberos:cela/root@EXAMPLE.EDU]`]],
    check: [
      'E102 43:88 "kerberos:cela/root@EXAMPLE.EDU" is twice in from of people group "root-admins"',
    ],
  },
  {
    slip: "7752a97: nothing looks whether two machines have one name",
    edits: [["w2: { roles: [worker]", "w1: { roles: [worker]"]],
    check: ['E102 35:3 "w1" is there twice: a key may stand once'],
  },
  {
    slip: "1a83422: whoever admits some machines admits all",
    edits: [["admit: [worker], token-lifetime", "admit: [worker, master], token-lifetime"]],
    check: [
      'E401 93:49 grant "admit-workers" gives admission of "master" to any of oncall, which never rule "infra-admits" forbids: forbidden for everyone outside root-admins',
    ],
  },
  {
    slip: "67250b1: join strings are good for six times as long",
    edits: [["admit: [worker], token-lifetime: 15m", "admit: [worker], token-lifetime: 90m"]],
    diff: ["~ | any of oncall | admit-workers | lifetime 15m -> 90m"],
    access: [
      "-any-of-oncall admit-workers admit worker 15m",
      "+any-of-oncall admit-workers admit worker 90m",
    ],
  },
  {
    slip: "c78f76e: the kubelet's client certificate is one for servers too",
    edits: [
      [
        "usage: client, cn: system:node:<node>, o: system:nodes }",
        "usage: [server, client], cn: system:node:<node>, o: system:nodes, names: [<fqdn>, <node>, <address>] }",
      ],
    ],
    check: [
      'W605 69:78 grant "kubelet" is for servers and clients under authority "kubernetes", which others use too',
    ],
    diff: [
      "~ | every master, worker (6) | kubelet | names +<fqdn> +<node> +<address>  usage +server",
    ],
    access: [
      "+w1 kubelet issue kubernetes CN=system:node:w1 O=system:nodes names w1.hyades.example.edu,w1,10.18.60.21 server,client 30d backdate 5m keys ecdsa-p256,rsa-3072",
    ],
  },
  {
    slip: "before 2bd9d0f: an administrator's certificate says nothing about groups",
    edits: [["cn: root:<user>, o: system:masters, lifetime: 4h", "cn: root:<user>, lifetime: 4h"]],
    diff: [
      "~ | cela/root@EXAMPLE.EDU | kube-admin | O system:masters -> none",
      "~ | huy/root@EXAMPLE.EDU | kube-admin | O system:masters -> none",
    ],
    access: [
      "+cela/root@EXAMPLE.EDU kube-admin issue kubernetes CN=root:cela client 4h reason required backdate 5m keys ecdsa-p256,rsa-3072",
    ],
  },
];

const OTHERS: readonly Slip[] = [
  {
    slip: "Vault, CVE-2024-7594: an empty list of principals is good for everybody",
    edits: [["principals: [root], lifetime: 4h", "principals: [], lifetime: 4h"]],
    check: [
      'E306 85:53 principals of grant "ssh-root" is an empty list: an empty list could be read as none or as all',
    ],
  },
  {
    slip: "OpenSSH before 10.3: no list of principals is good for everybody",
    edits: [["principals: [root], lifetime: 4h", "lifetime: 4h"]],
    check: [
      'E308 84:3 SSH grant "ssh-root" has no "principals": a certificate without principals could be good for every one',
    ],
  },
  {
    slip: "OpenBao: a broader allow beats a narrower deny",
    edits: [
      [
        "  ssh-login:",
        "  ssh-any: { to: users, issue: ssh-user, principals: [<user>, root] }\n  ssh-login:",
      ],
    ],
    check: [
      'E401 88:63 grant "ssh-any" gives root to any of users, which never rule "root-login" forbids: forbidden for everyone outside root-admins',
    ],
  },
  {
    slip: "Tailscale: a host that is not defined takes its whole rule with it",
    edits: [
      ["source-address: [offices, nodes], reason", "source-address: [ofices, nodes], reason"],
    ],
    check: ['E201 85:92 unknown network "ofices": no network has this name'],
  },
  {
    slip: "Rego: a misspelt name is undefined, and a test that asks for it passes",
    edits: [["ask: ssh-root, expect: denied", "ask: ssh-rot, expect: denied"]],
    check: ['E201 109:34 unknown grant "ssh-rot": no grant has this name'],
  },
  {
    slip: "Teleport: a regular expression matches more than is meant",
    edits: [['"*.s3.<domain>"', '"^s3.*<domain>$"']],
    check: [
      'E302 77:94 "^s3.*<domain>$" looks like a regular expression: names are compared exactly; patterns are never regular expressions',
    ],
  },
  {
    slip: "YAML: of two keys of one name the last counts",
    edits: [["  kube-proxy:  ", "  kubelet:  "]],
    check: ['E102 72:3 "kubelet" is there twice: a key may stand once'],
  },
  {
    slip: "a misspelt key is left out of account",
    edits: [["lifetime: 12h, extensions", "lifetme: 12h, extensions"]],
    check: ['E110 88:71 unknown key "lifetme" in grant "ssh-login": not a key of this section'],
  },
  {
    slip: "everybody becomes a cluster administrator",
    edits: [["o: cluster-users", "o: system:masters"]],
    check: [
      'E401 90:86 grant "kube-user" gives O=system:masters to any of users, which never rule "masters-group" forbids: forbidden for everyone outside root-admins',
    ],
  },
  {
    slip: "everybody becomes a cluster administrator, and the rule against it goes in the same edit",
    edits: [
      ["o: cluster-users", "o: system:masters"],
      [NO_MASTERS, ""],
    ],
    diff: [
      "~ | any of users | kube-user | O cluster-users -> system:masters",
      "+ | never masters-group | REMOVED: what it forbade is now possible",
    ],
    access: [
      "-any-of-users kube-user issue kubernetes CN=user:<user> O=cluster-users client 12h backdate 5m keys ecdsa-p256,rsa-3072",
      "+any-of-users kube-user issue kubernetes CN=user:<user> O=system:masters client 12h backdate 5m keys ecdsa-p256,rsa-3072",
    ],
  },
  {
    slip: "a user who is called root logs in as root",
    edits: [[`${ROOT_LOGS_IN} denied`, `${ROOT_LOGS_IN} allowed`]],
    tests: [
      "E501 112:89 test failed: root asks for ssh-login: got: denied: <user> would become root for root, a reserved name",
    ],
    diff: [
      "+ | test root | in ldap:active,ldap:hyades-users  asks for ssh-login  expect allowed",
      "- | test root | in ldap:active,ldap:hyades-users  asks for ssh-login  expect denied",
    ],
  },
  {
    slip: "a machine that is called kubernetes gets the API's name",
    edits: [
      ["  s1: { roles", "  kubernetes: { roles: [worker], address: 10.18.60.41 }\n  s1: { roles"],
    ],
    check: [
      'E309 40:3 node "kubernetes" takes the name "kubernetes": a grant or a rule means something else by it',
    ],
  },
  {
    slip: "two machines with one address are each other",
    edits: [["address: 10.18.60.33", "address: 10.18.60.23"]],
    check: ['E305 39:39 address 10.18.60.23 belongs to two nodes: "c3" and "w3" cannot share it'],
  },
  {
    slip: "who has left stays in, since one of two conditions is gone",
    edits: [["gitlab:hyades/members], also-in: [ldap:active] }", "gitlab:hyades/members] }"]],
    tests: ["E501 111:77 test failed: alice asks for ssh-login: got: allowed by line 88"],
    diff: [
      "+ | people users | need no longer be in ldap:active",
      "+ | any of users | ssh-login | login <user>  extensions permit-port-forwarding,permit-pty  12h",
      "+ | any of users | kube-user | CN=user:<user>  O=cluster-users  client  12h",
    ],
    access: ["-people: users also-in ldap:active"],
  },
  {
    slip: "the networks of a grant are lost in a change of the line",
    edits: [["source-address: [offices, nodes], reason: required", "reason: required"]],
    tests: [
      "E501 108:74 test failed: cela/root@EXAMPLE.EDU asks for ssh-root: got: allowed by line 84",
    ],
    diff: [
      "~ | cela/root@EXAMPLE.EDU | ssh-root | source-address -10.9.0.0/16 -2001:db8:9::/48 -10.18.60.0/23",
      "~ | huy/root@EXAMPLE.EDU | ssh-root | source-address -10.9.0.0/16 -2001:db8:9::/48 -10.18.60.0/23",
    ],
    access: [
      "+cela/root@EXAMPLE.EDU ssh-root issue ssh-user login root extensions permit-pty 4h reason required backdate 5m keys ecdsa-p256,ed25519,ed25519-sk",
    ],
  },
];

const lineOf = ({ code, place, message, label }: Diagnostic): string =>
  `${code} ${place.line}:${place.column} ${message}${label === undefined ? "" : `: ${label}`}`;

/** Lines of access of one policy that the other has not. */
const without = (of: Policy, other: Policy): readonly string[] => {
  const lines = new Set(accessOf(other));
  return accessOf(of).filter((line) => !lines.has(line));
};

describe.for([
  ["of Homeworld", HOMEWORLD],
  ["of others", OTHERS],
] as const)("slips %s", ([, slips]) => {
  test.for(slips)("$slip", ({ edits, check = [], tests = [], diff: changes = [], access = [] }) => {
    const text = edits.reduce((before, [from, to]) => edit(before, from, to), EXAMPLE);
    const { policy, diagnostics } = readPolicy(text, { file: "policy.yaml" });
    expect(diagnostics.map(lineOf)).toEqual(check);
    const isRefused = diagnostics.some(({ severity }) => severity === "error");
    expect(policy === undefined).toBe(isRefused);
    if (policy === undefined) return;
    const failed = runTests(policy).flatMap(({ diagnostic }) => diagnostic ?? []);
    expect(failed.map(lineOf)).toEqual(tests);
    expect(said(diff(example, policy))).toEqual(changes);
    const gone = without(example, policy).map((line) => `-${line}`);
    const come = without(policy, example).map((line) => `+${line}`);
    expect([...gone, ...come]).toEqual(expect.arrayContaining([...access]));
    // What passes its check and its tests is still seen by whoever looks at the merge request.
    expect(changes).not.toEqual([]);
  });
});
