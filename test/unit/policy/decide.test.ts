import { expect, test } from "vitest";
import { decide } from "../../../policy/decide.ts";
import type { Ask, Decision, Subject } from "../../../policy/decision.ts";
import { alice, bob, cela, example, kerberos, node, person, sshRoot } from "./example.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** What a decision comes to: the grant, or the code. */
const outcomeOf = (decision: Decision): string =>
  decision.verdict === "allow" ? decision.plan.grant : decision.code;

const choosing = (...choose: readonly string[]): Ask => ({
  grant: "ssh-oncall",
  from: "10.9.1.1",
  choose,
});
const root: Subject = { kind: "root" };

test.each<readonly [string, Subject, Ask, string]>([
  // nodes get what their roles get
  ["a master", node("m1"), { grant: "etcd-server" }, "etcd-server"],
  ["a worker", node("w1"), { grant: "kubelet" }, "kubelet"],
  ["a worker for a master's", node("w1"), { grant: "etcd-client" }, "policy.not_granted"],
  ["a node for a person's", node("m1"), { grant: "ssh-root" }, "policy.not_granted"],
  ["a node for an operator's", node("m1"), { grant: "operate" }, "policy.not_granted"],
  ["a node that is not there", node("m9"), { grant: "ssh-host" }, "policy.unknown_node"],
  [
    "a node with the name of a property",
    node("__proto__"),
    { grant: "ssh-host" },
    "policy.unknown_node",
  ],
  ["a grant that is not there", node("m1"), { grant: "etcd-serve" }, "policy.unknown_grant"],
  [
    "a grant with the name of a property",
    node("m1"),
    { grant: "constructor" },
    "policy.unknown_grant",
  ],
  // and only from where they are
  ["a node at home", node("m1"), { grant: "ssh-host", from: "10.18.60.11" }, "ssh-host"],
  [
    "a node at home, mapped",
    node("m1"),
    { grant: "ssh-host", from: "::ffff:10.18.60.11" },
    "ssh-host",
  ],
  ["a node elsewhere", node("m1"), { grant: "ssh-host", from: "10.18.60.12" }, "policy.address"],
  ["a node from nowhere", node("m1"), { grant: "ssh-host", from: "" }, "policy.address"],
  [
    "a node elsewhere, for what it has not",
    node("w1"),
    { grant: "etcd-client", from: "10.18.60.12" },
    "policy.address",
  ],
  // less than granted, never more
  ["a short lifetime", node("m1"), { grant: "ssh-host", lifetime: HOUR }, "ssh-host"],
  ["the whole lifetime", node("m1"), { grant: "ssh-host", lifetime: 60 * DAY }, "ssh-host"],
  [
    "a second more",
    node("m1"),
    { grant: "ssh-host", lifetime: 60 * DAY + 1 },
    "policy.lifetime_too_long",
  ],
  [
    "no lifetime at all",
    node("m1"),
    { grant: "ssh-host", lifetime: 0 },
    "policy.lifetime_too_long",
  ],
  [
    "a negative lifetime",
    node("m1"),
    { grant: "ssh-host", lifetime: -1 },
    "policy.lifetime_too_long",
  ],
  [
    "a second and a half",
    node("m1"),
    { grant: "ssh-host", lifetime: 1.5 },
    "policy.lifetime_too_long",
  ],
  ["half a second", node("m1"), { grant: "ssh-host", lifetime: 0.5 }, "policy.lifetime_too_long"],
  [
    "no number of seconds",
    node("m1"),
    { grant: "ssh-host", lifetime: Number.NaN },
    "policy.lifetime_too_long",
  ],
  ["for ever", node("m1"), { grant: "ssh-host", lifetime: Infinity }, "policy.lifetime_too_long"],
  // keys of the authority's kinds
  ["a key that is taken", node("m1"), { grant: "ssh-host", key: "rsa-3072" }, "ssh-host"],
  ["a key that is not", node("m1"), { grant: "ssh-host", key: "rsa-2048" }, "policy.key_kind"],
  [
    "a choice that a node has not",
    node("m1"),
    { grant: "ssh-host", choose: ["m2"] },
    "policy.choice",
  ],
  // people
  ["a root admin", cela, sshRoot, "ssh-root"],
  ["another instance", kerberos("cela@EXAMPLE.EDU"), sshRoot, "policy.not_granted"],
  ["another realm", kerberos("cela/root@EXAMPLE.ORG"), sshRoot, "policy.not_granted"],
  ["a realm in small letters", kerberos("cela/root@example.edu"), sshRoot, "policy.not_granted"],
  [
    "a principal among memberships",
    person("cela", "kerberos:cela/root@EXAMPLE.EDU"),
    sshRoot,
    "policy.not_granted",
  ],
  ["from elsewhere", cela, { ...sshRoot, from: "192.0.2.9" }, "policy.address"],
  ["from nowhere known", cela, { grant: "ssh-root", reason: "x" }, "policy.address"],
  ["from the other family", cela, { ...sshRoot, from: "2001:db8:9::7" }, "ssh-root"],
  ["from beside the other family", cela, { ...sshRoot, from: "2001:db8:a::7" }, "policy.address"],
  ["without a reason", cela, { grant: "ssh-root", from: "10.9.4.7" }, "policy.reason_required"],
  ["with a blank reason", cela, { ...sshRoot, reason: "  " }, "policy.reason_required"],
  ["a user", alice, { grant: "ssh-login" }, "ssh-login"],
  [
    "a user who left",
    person("alice", "ldap:hyades-users"),
    { grant: "ssh-login" },
    "policy.not_granted",
  ],
  [
    "active and no more",
    person("alice", "ldap:active"),
    { grant: "ssh-login" },
    "policy.not_granted",
  ],
  [
    "a group of a similar name",
    person("alice", "ldap:hyades-users2", "ldap:active"),
    { grant: "ssh-login" },
    "policy.not_granted",
  ],
  [
    "nobody",
    { kind: "person", in: ["ldap:hyades-users", "ldap:active"] },
    { grant: "ssh-login" },
    "policy.not_granted",
  ],
  [
    "a user called root",
    person("root", "ldap:hyades-users", "ldap:active"),
    { grant: "ssh-login" },
    "policy.name_collision",
  ],
  [
    "root by another way",
    person("root", "ldap:hyades-users", "ldap:active"),
    { grant: "kube-user" },
    "policy.name_collision",
  ],
  [
    "a user called like a service",
    person("prometheus", "ldap:hyades-users", "ldap:active"),
    { grant: "ssh-login" },
    "policy.name_collision",
  ],
  [
    "a user called like a choice",
    person("ceph-ops", "ldap:hyades-users", "ldap:active"),
    { grant: "ssh-login" },
    "policy.name_collision",
  ],
  [
    "a user with a comma",
    person("a,root", "ldap:hyades-users", "ldap:active"),
    { grant: "ssh-login" },
    "policy.not_granted",
  ],
  [
    "a user with a newline",
    person("a\nroot", "ldap:hyades-users", "ldap:active"),
    { grant: "ssh-login" },
    "policy.not_granted",
  ],
  [
    "a user in capitals",
    person("Alice", "ldap:hyades-users", "ldap:active"),
    { grant: "ssh-login" },
    "policy.not_granted",
  ],
  [
    "a user whose principal cannot be written",
    {
      kind: "person",
      principal: "alice\n@EXAMPLE.EDU",
      user: "alice",
      in: ["ldap:hyades-users", "ldap:active"],
    },
    { grant: "ssh-login" },
    "policy.not_granted",
  ],
  ["a user for a node's", alice, { grant: "kubelet" }, "policy.not_granted"],
  // choices
  ["one choice", bob, choosing("ceph-ops"), "ssh-oncall"],
  ["two choices", bob, choosing("ceph-ops", "kube-ops"), "policy.choice"],
  ["a choice twice", bob, choosing("ceph-ops", "ceph-ops", "ceph-ops"), "policy.choice"],
  ["a choice that is not offered", bob, choosing("root"), "policy.choice"],
  ["an empty choice", bob, choosing(""), "policy.choice"],
  ["a choice of a grant without", alice, { grant: "ssh-login", choose: ["root"] }, "policy.choice"],
  // admission
  ["an admission", cela, { grant: "admit", node: "m1" }, "admit"],
  ["an admission of nobody", cela, { grant: "admit" }, "policy.unknown_node"],
  ["an admission of a stranger", cela, { grant: "admit", node: "m9" }, "policy.unknown_node"],
  ["a worker by oncall", bob, { grant: "admit-workers", node: "w3" }, "admit-workers"],
  ["a master by oncall", bob, { grant: "admit-workers", node: "m1" }, "policy.not_granted"],
  ["a shorter token", cela, { grant: "admit", node: "m1", lifetime: 60 }, "admit"],
  [
    "a longer token",
    cela,
    { grant: "admit", node: "m1", lifetime: HOUR + 1 },
    "policy.lifetime_too_long",
  ],
  // root on the master admits and operates, and nothing else
  ["root admits", root, { grant: "admit", node: "m1" }, "admit"],
  ["root admits no stranger", root, { grant: "admit", node: "m9" }, "policy.unknown_node"],
  ["root keeps to the grant", root, { grant: "admit-workers", node: "m1" }, "policy.not_granted"],
  ["root operates", root, { grant: "operate" }, "operate"],
  ["root gets no certificate", root, sshRoot, "policy.not_granted"],
  ["root gets no node's certificate", root, { grant: "kubelet" }, "policy.not_granted"],
  ["root gets no file", root, { grant: "service-account-key" }, "policy.not_granted"],
])("%s: %#", (_, subject, ask, want) => {
  expect(outcomeOf(decide(example, subject, ask))).toBe(want);
});
