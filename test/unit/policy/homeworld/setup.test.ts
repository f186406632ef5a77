import { describe, expect, test } from "vitest";
import { edit } from "../example.ts";
import { SETUP, take } from "./setup-example.ts";

const NODES = SETUP.slice(SETUP.indexOf("\nnodes:") + 1);

describe("what is wrong is told at its place", () => {
  test.each<readonly [string, string, string, string]>([
    [
      "an unknown kind",
      "kind: worker",
      "kind: workr",
      '41:11: error[E201]: unknown value "workr" for kind',
    ],
    [
      "a kind of another age",
      "kind: worker",
      "kind: etcd",
      '41:11: error[E201]: unknown value "etcd"',
    ],
    [
      "a kind in capitals",
      "kind: worker",
      "kind: Worker",
      '41:11: error[E201]: unknown value "Worker"',
    ],
    [
      "two of one name",
      "hostname: m2",
      "hostname: m1",
      '35:15: error[E102]: hostname "m1" is there twice',
    ],
    [
      "two of one address",
      "10.18.60.12",
      "10.18.60.11",
      "36:9: error[E305]: address 10.18.60.11 belongs to two",
    ],
    [
      "a placeholder",
      "10.18.60.12",
      "<ipv4 address>",
      '36:9: error[E304]: ip of node "m2" "<ipv4 address>"',
    ],
    [
      "an address with a zero in front",
      "10.18.60.12",
      "10.18.060.12",
      '36:9: error[E304]: ip of node "m2"',
    ],
    [
      "a number for an address",
      "10.18.60.12",
      "10.18",
      '36:9: error[E111]: ip of node "m2" must be text',
    ],
    ["no address", "ip: 10.18.60.12", "ip:", '36:8: error[E111]: ip of node "m2" is empty'],
    [
      "an address in another network",
      "10.18.60.12",
      "10.20.60.12",
      '36:9: error[E304]: ip of node "m2" 10.20.60.12 is outside cidr-nodes',
    ],
    [
      "service-api elsewhere",
      "172.28.0.1\n",
      "172.29.0.1\n",
      "16:16: error[E304]: service-api 172.29.0.1 is outside cidr-services",
    ],
    [
      "a range with bits set",
      "10.18.60.0/23",
      "10.18.60.1/23",
      '13:15: error[E304]: "10.18.60.1/23" is no range',
    ],
    [
      "a range without width",
      "172.28.0.0/16",
      "172.28.0.0",
      '15:18: error[E304]: "172.28.0.0" is no range',
    ],
    [
      "a name with a dot",
      "hostname: w1",
      "hostname: w1.rack",
      '39:15: error[E302]: hostname "w1.rack" is malformed',
    ],
    [
      "a name in capitals",
      "hostname: w1",
      "hostname: W1",
      '39:15: error[E302]: hostname "W1" is malformed',
    ],
    [
      "a name that is a number",
      "hostname: w1",
      "hostname: 1e3",
      "39:15: error[E111]: hostname must be text",
    ],
    [
      "a system's account",
      "hostname: w1",
      "hostname: ceph",
      '39:15: error[E309]: node "ceph" takes the name "ceph"',
    ],
    [
      "the API's name",
      "hostname: w1",
      "hostname: kubernetes",
      '39:15: error[E309]: node "kubernetes" takes',
    ],
    [
      "a name too long for a cn",
      "hostname: s1",
      `hostname: s${"1".repeat(50)}`,
      "43:15: error[E303]: node",
    ],
    [
      "a domain in capitals",
      "hyades.example.edu\n",
      "MIT.EDU\n",
      '2:20: error[E302]: external-domain "MIT.EDU"',
    ],
    ["a domain with a wildcard", "hyades.local", '"*.local"', "3:20: error[E302]: internal-domain"],
    [
      "a realm with a blank",
      "kerberos-realm: EXAMPLE.EDU",
      "kerberos-realm: EXAMPLE EDU",
      "5:19: error[E302]: kerberos-realm",
    ],
    [
      "an admin without realm",
      "huy/root@EXAMPLE.EDU",
      "huy/root",
      '28:5: error[E302]: root admin "huy/root" is no Kerberos',
    ],
    [
      "an admin as a pattern",
      "huy/root@EXAMPLE.EDU",
      '"*/root@EXAMPLE.EDU"',
      "28:5: error[E302]: root admin",
    ],
    [
      "an admin twice",
      "huy/root@EXAMPLE.EDU",
      "cela/root@EXAMPLE.EDU",
      '28:5: error[E102]: "cela/root@EXAMPLE.EDU" is twice',
    ],
    [
      "an admin too long for a cn",
      "huy/root@",
      `${"h".repeat(30)}/root@`,
      "28:5: error[E303]: root admin",
    ],
    [
      "admins as a map",
      "  - cela/root@EXAMPLE.EDU\n  - huy/root@EXAMPLE.EDU\n",
      "  cela: root\n",
      "27:3: error[E111]: root-admins must be a list",
    ],
    ["no nodes", NODES, "nodes: []\n", "30:8: error[E306]: nodes is an empty list"],
    [
      "nodes as a map",
      NODES,
      "nodes:\n  m1: { ip: 10.18.60.11 }\n",
      "31:3: error[E111]: nodes must be a list",
    ],
    [
      "a node as text",
      NODES,
      "nodes:\n  - m1\n",
      "31:5: error[E111]: an entry of nodes must be a mapping",
    ],
    [
      "a misspelt key that counts",
      "kerberos-realm",
      "kerberos-relm",
      '5:3: error[E110]: unknown key "kerberos-relm" in cluster',
    ],
    [
      "another",
      "cidr-nodes",
      "cidr-node",
      '13:3: error[E110]: unknown key "cidr-node" in addresses',
    ],
    [
      "a missing key",
      "  external-domain: hyades.example.edu\n",
      "",
      '2:3: error[E112]: cluster has no "external-domain"',
    ],
    [
      "a missing address",
      "    ip: 10.18.60.21\n",
      "",
      '39:5: error[E112]: an entry of nodes has no "ip"',
    ],
    [
      "a missing section",
      SETUP.slice(SETUP.indexOf("root-admins"), SETUP.indexOf("\nnodes:")),
      "",
      '1:1: error[E112]: setup.yaml has no "root-admins"',
    ],
    [
      "a key twice",
      "vlan: 612",
      "vlan: 612\nvlan: 613",
      '11:1: error[E102]: "vlan" is there twice',
    ],
    ["an anchor", "hyades.local", "&x hyades.local", "3:20: error[E103]: anchors are not allowed"],
    ["a tab", "vlan: 612", "vlan:\t612", "10:6: error[E101]: tabs are not allowed"],
    ["another document", SETUP, "- a\n- b\n", "1:1: error[E111]: setup.yaml must be a mapping"],
    ["nothing", SETUP, "", "1:1: error[E111]: setup.yaml must be a mapping"],
  ])("%s", (_, from, to, message) => {
    const { policy, text, messages } = take(edit(SETUP, from, to));
    expect([policy === undefined, text]).toEqual([true, undefined]);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(`setup.yaml:${message}`);
  });

  test("each mistake has its own message", () => {
    const wrong = edit(edit(SETUP, "kind: worker", "kind: workr"), "huy/root@EXAMPLE.EDU", "huy");
    expect(take(wrong).messages.map((message) => message.slice(0, 17))).toEqual([
      "setup.yaml:28:5: ",
      "setup.yaml:41:11:",
    ]);
  });
});

describe("what is not taken over is listed", () => {
  const whole = [
    "4:3 cluster.etcd-token",
    "6:3 cluster.mirror",
    "7:3 cluster.user-grant-domain",
    "8:3 cluster.user-grant-email-domain",
    "10:1 vlan",
    "14:3 addresses.cidr-pods",
    "15:3 addresses.cidr-services",
    "17:3 addresses.service-dns",
    "19:1 dns-upstreams",
    "23:1 dns-bootstrap",
  ];

  test("each key by its line", () => {
    expect(take(SETUP).left).toEqual(whole);
  });

  test.each([
    ["an unknown section", "vlan: 612", "backups: { to: tape }\nvlan: 612", "10:1 backups"],
    [
      "an unknown key of a section",
      "  mirror:",
      "  timezone: UTC\n  mirror:",
      "6:3 cluster.timezone",
    ],
    [
      "an unknown key of a node",
      "    kind: worker",
      "    disk: sda\n    kind: worker",
      "41:5 nodes[2].disk",
    ],
    [
      "a key that merely reads like a missing one",
      "  service-dns: 172.28.0.2",
      "  service-zone: a",
      "17:3 addresses.service-zone",
    ],
    ["a key with characters that a terminal obeys", "vlan: 612", '"\\e[2J": 1', "10:1 ?[2J"],
  ])("%s", (_, from, to, line) => {
    const { policy, left } = take(edit(SETUP, from, to));
    expect(policy).toBeDefined();
    expect(left).toContain(line);
  });

  test("what is there and empty is no loss", () => {
    const empty = edit(
      edit(SETUP, "homeworld.example.edu", "''"),
      "  homeworld.private: 10.18.60.40\n",
      "",
    );
    expect(take(edit(empty, "dns-bootstrap:", "dns-bootstrap: {}")).left).not.toContain(
      "23:1 dns-bootstrap",
    );
    expect(take(empty).left).not.toContain("7:3 cluster.user-grant-domain");
  });

  test("it is listed also when the file is refused", () => {
    expect(take(edit(SETUP, "kind: worker", "kind: workr")).left).toEqual(whole);
  });
});
