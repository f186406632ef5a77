import { describe, expect, test } from "vitest";
import { countChanges } from "../../../../policy/effects/diff/count.ts";
import { diff } from "../../../../policy/effects/diff.ts";
import { edit, EXAMPLE, readSound } from "../example.ts";
import { changesOf, said, type Edit } from "./changes.ts";

describe("who is who", () => {
  test.each<readonly [string, readonly Edit[], readonly string[]]>([
    ["a role", [["supervisor, ceph]\n", "supervisor, ceph, spare]\n"]], ["+ | role spare | "]],
    [
      "a node without address",
      [
        ["10.18.60.40 }", "10.18.60.40 }\n  s2: { roles: [supervisor] }"],
        [
          "  ssh-host:      { to: [master, worker, supervisor, ceph]",
          "  ssh-host:      { to: [master, worker, ceph]",
        ],
      ],
      [],
    ],
    [
      "a person who may come in",
      [
        [
          "oncall:      { from: [ldap:hyades-oncall]",
          "oncall:      { from: [ldap:hyades-oncall, ldap:interns]",
        ],
      ],
      [
        "+ | people oncall | may now come from ldap:interns",
        "+ | anybody in ldap:interns and ldap:staff | ssh-oncall | login <user>  may-choose ceph-ops,kube-ops  choose-at-most 1  extensions permit-pty  8h  source-address 10.9.0.0/16,2001:db8:9::/48",
        "+ | anybody in ldap:interns and ldap:staff | admit-workers | admit worker  15m",
      ],
    ],
    [
      "a person who may not",
      [
        ["kerberos:cela/root@EXAMPLE.EDU, kerberos:huy", "kerberos:huy"],
        ["  - { as: cela/root@EXAMPLE.EDU, holds", "  - { as: huy/root@EXAMPLE.EDU, holds"],
      ],
      [],
    ],
    [
      "a condition less",
      [[", also-in: [ldap:active]", ""]],
      [
        "+ | people users | need no longer be in ldap:active",
        "+ | any of users | ssh-login | login <user>  extensions permit-port-forwarding,permit-pty  12h",
        "+ | any of users | kube-user | CN=user:<user>  O=cluster-users  client  12h",
      ],
    ],
    [
      "a condition more",
      [["also-in: [ldap:active]", "also-in: [ldap:active, ldap:paid]"]],
      [
        "- | people users | must now also be in ldap:paid",
        "- | any of users | ssh-login | login <user>  extensions permit-port-forwarding,permit-pty  12h",
        "- | any of users | kube-user | CN=user:<user>  O=cluster-users  client  12h",
      ],
    ],
    [
      "a new group",
      [["  oncall:  ", "  guests: { from: [ldap:guests] }\n  oncall:  "]],
      ["+ | people guests | from ldap:guests"],
    ],
    [
      "an address",
      [["10.18.60.40 }", "10.18.60.41 }"]],
      [
        "~ | node s1 | address 10.18.60.40 -> 10.18.60.41",
        "~ | s1 | ssh-host | names +10.18.60.41 -10.18.60.40",
      ],
    ],
    [
      "a realm",
      [["realm: EXAMPLE.EDU", "realm: OTHER.EDU"]],
      [
        "~ | cluster | realm EXAMPLE.EDU -> OTHER.EDU",
        "- | cela/root@EXAMPLE.EDU | kube-admin | CN=root:cela  O=system:masters  client  4h  reason required",
        "- | cela/root@EXAMPLE.EDU | etcd-admin | CN=root:cela  client  1h  reason required",
        "- | huy/root@EXAMPLE.EDU | kube-admin | CN=root:huy  O=system:masters  client  4h  reason required",
        "- | huy/root@EXAMPLE.EDU | etcd-admin | CN=root:huy  client  1h  reason required",
      ],
    ],
    [
      "the cluster's name",
      [["name: hyades\n", "name: pleiades\n"]],
      ["~ | cluster | name hyades -> pleiades"],
    ],
  ])("%s", (_, edits, expected) => {
    const lines = said(changesOf(edits));
    if (expected.length === 0) expect(lines.length).toBeGreaterThan(1);
    else expect(lines).toEqual(expected);
  });
});

describe("what they can get", () => {
  test.each<readonly [string, readonly Edit[], readonly string[]]>([
    [
      "one word that gives supervisors the kubelet's certificate",
      [
        [
          "kubelet:                 { to: [master, worker]",
          "kubelet:                 { to: [master, worker, supervisor]",
        ],
      ],
      ["+ | s1 | kubelet | CN=system:node:s1  O=system:nodes  client  30d"],
    ],
    [
      "an organisation that no test sees",
      [["o: cluster-users", "o: other-users"]],
      ["~ | any of users | kube-user | O cluster-users -> other-users"],
    ],
    [
      "a longer login",
      [["lifetime: 12h, ext", "lifetime: 16h, ext"]],
      ["~ | any of users | ssh-login | lifetime 12h -> 16h"],
    ],
    [
      "another network",
      [["nodes:   [10.18.60.0/23]", "nodes:   [10.18.60.0/23, 10.19.0.0/16]"]],
      [
        "~ | cela/root@EXAMPLE.EDU | ssh-root | source-address +10.19.0.0/16",
        "~ | huy/root@EXAMPLE.EDU | ssh-root | source-address +10.19.0.0/16",
        "+ | network nodes | +10.19.0.0/16",
      ],
    ],
    [
      "no reason any more",
      [["lifetime: 1h, reason: required", "lifetime: 1h"]],
      [
        "~ | cela/root@EXAMPLE.EDU | etcd-admin | reason required -> none",
        "~ | huy/root@EXAMPLE.EDU | etcd-admin | reason required -> none",
      ],
    ],
    [
      "a choice",
      [
        [
          "may-choose: [ceph-ops, kube-ops], choose-at-most: 1",
          "may-choose: [ceph-ops, kube-ops, db-ops], choose-at-most: 2",
        ],
      ],
      ["~ | any of oncall | ssh-oncall | may-choose +db-ops  choose-at-most 1 -> 2"],
    ],
    [
      "names in another order",
      [["names: [<fqdn>, ceph.<domain>]", "names: [ceph.<domain>, <fqdn>]"]],
      [
        "~ | every ceph (3) | ceph-dashboard | names <fqdn>,ceph.hyades.example.edu -> ceph.hyades.example.edu,<fqdn>",
      ],
    ],
    [
      "a grant that nobody can have",
      [
        ["supervisor, ceph]\n", "supervisor, ceph, spare]\n"],
        ["  registry:", "  extra: { to: spare, fetch: some.key }\n  registry:"],
      ],
      ["+ | role spare | ", "+ | nobody now | extra | to spare  fetch some.key"],
    ],
    [
      "a recipient that nobody is",
      [
        ["supervisor, ceph]\n", "supervisor, ceph, spare]\n"],
        ["registry:       { to: supervisor", "registry:       { to: [supervisor, spare]"],
      ],
      ["+ | role spare | ", "~ | nobody now | registry | to +spare"],
    ],
    [
      "a template that comes to the same",
      [["cn: ceph-mgr-<node>, names: [<fqdn>", "cn: ceph-mgr-<node>, names: [<node>.<domain>"]],
      ["~ | nobody now | ceph-dashboard | names +<node>.hyades.example.edu -<fqdn>"],
    ],
    [
      "a domain, in as few lines as there are grants",
      [["domain: hyades.example.edu ", "domain: hy.example.edu "]],
      [
        "~ | cluster | domain hyades.example.edu -> hy.example.edu",
        "~ | every master, worker, supervisor, ceph (10) | ssh-host | names with the new <fqdn>",
        "~ | every master (3) | etcd-server | names with the new <fqdn>",
        "~ | every master (3) | etcd-peer | names with the new <fqdn>",
        "~ | every master (3) | kube-apiserver | names +api.hy.example.edu -api.hyades.example.edu",
        "~ | every master, worker (6) | kubelet-serving | names with the new <fqdn>",
        "~ | every ceph (3) | ceph-rgw | names +s3.hy.example.edu +*.s3.hy.example.edu -s3.hyades.example.edu -*.s3.hyades.example.edu",
        "~ | every ceph (3) | ceph-dashboard | names +ceph.hy.example.edu -ceph.hyades.example.edu",
        "~ | s1 | registry | names registry.hyades.example.edu -> registry.hy.example.edu",
        "~ | s1 | prometheus-web | names prometheus.hyades.example.edu -> prometheus.hy.example.edu",
        "~ | never api-names | LOOSENED: name kubernetes, kubernetes.*, api.hyades.example.edu for all but master -> name kubernetes, kubernetes.*, api.hy.example.edu for all but master",
      ],
    ],
  ])("%s", (_, edits, expected) => expect(said(changesOf(edits))).toEqual(expected));

  test("a line for many counts for each of them, and names them all", () => {
    const changes = changesOf([
      ["system:node:<node>, o: system:nodes }", "system:node:<node>, o: system:noodes }"],
    ]);
    expect(changes).toMatchObject([
      { what: "every master, worker (6)", subjects: ["m1", "m2", "m3", "w1", "w2", "w3"] },
    ]);
    expect(countChanges(changes)).toMatchObject({ gained: 0, lost: 0, changed: 6 });
  });

  test("somebody in a group by name is told apart", () => {
    const changes = changesOf([
      [
        "oncall:      { from: [ldap:hyades-oncall]",
        "oncall:      { from: [ldap:hyades-oncall, kerberos:zed@EXAMPLE.EDU]",
      ],
    ]);
    expect(said(changes)[1]).toContain(
      "+ | zed@EXAMPLE.EDU with ldap:staff | ssh-oncall | login zed",
    );
  });

  test("somebody with more facts than are needed is not told of as well", () => {
    const GROUP = "  oncall:      { from";
    const more = "  payers: { from: [ldap:hyades-users], also-in: [ldap:active, ldap:paid] }\n";
    const before = edit(EXAMPLE, GROUP, more + GROUP);
    const after = edit(before, "lifetime: 12h, ext", "lifetime: 16h, ext");
    expect(said(diff(readSound(before), readSound(after)))).toEqual([
      "~ | any of users | ssh-login | lifetime 12h -> 16h",
    ]);
  });

  test("to choose more than there is to choose from is no more", () => {
    const [two, three] = ["2", "3"].map((most) =>
      readSound(edit(EXAMPLE, "choose-at-most: 1", `choose-at-most: ${most}`)),
    );
    expect(two && three && diff(two, three)).toEqual([]);
  });
});
