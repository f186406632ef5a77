import { describe, expect, test } from "vitest";
import { decide } from "../../../policy/decide.ts";
import type { Ask, Decision, Subject } from "../../../policy/decision.ts";
import {
  alice,
  bob,
  cela,
  EXAMPLE,
  edit,
  example,
  node,
  person,
  readSound,
  sshRoot,
} from "./example.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** What a decision comes to: the grant, or the code. */
const outcomeOf = (decision: Decision): string =>
  decision.verdict === "allow" ? decision.plan.grant : decision.code;

const planOf = (subject: Subject, ask: Ask) => {
  const decision = decide(example, subject, ask);
  if (decision.verdict === "deny") throw new TypeError(decision.detail);
  return decision.plan;
};

const choosing = (...choose: readonly string[]): Ask => ({
  grant: "ssh-oncall",
  from: "10.9.1.1",
  choose,
});

describe("a plan", () => {
  test("for TLS is complete to the last name", () => {
    expect(planOf(node("m1"), { grant: "kube-apiserver" })).toMatchObject({
      verb: "issue",
      grant: "kube-apiserver",
      authority: "kubernetes",
      lifetime: 30 * DAY,
      backdate: 300,
      keys: ["ecdsa-p256", "rsa-3072"],
      content: {
        kind: "tls",
        usage: ["server"],
        cn: "apiserver-m1",
        o: [],
        dns: [
          "m1.hyades.example.edu",
          "m1",
          "api.hyades.example.edu",
          "kubernetes",
          "kubernetes.default",
          "kubernetes.default.svc",
          "kubernetes.default.svc.hyades.local",
        ],
        ip: ["10.18.60.11", "172.28.0.1"],
      },
    });
  });

  test("for an SSH host has no extensions", () => {
    expect(planOf(node("w3"), { grant: "ssh-host" })).toMatchObject({
      content: {
        kind: "ssh-host",
        keyId: "node:w3 ssh-host",
        principals: ["w3.hyades.example.edu", "w3", "10.18.60.23"],
        extensions: [],
        sourceAddress: [],
      },
    });
  });

  test("for an SSH user carries the networks and, unasked, a terminal", () => {
    expect(planOf(cela, sshRoot)).toMatchObject({
      lifetime: 4 * HOUR,
      content: {
        kind: "ssh-user",
        keyId: "kerberos:cela/root@EXAMPLE.EDU ssh-root",
        principals: ["root"],
        extensions: ["permit-pty"],
        sourceAddress: ["10.9.0.0/16", "2001:db8:9::/48", "10.18.60.0/23"],
      },
    });
  });

  test("for an SSH user carries the one command that it may run, and no other plan has any", () => {
    const from = "principals: [root], lifetime";
    const forced = readSound(edit(EXAMPLE, from, `force-command: uptime now, ${from}`));
    const decision = decide(forced, cela, sshRoot);
    expect(decision).toMatchObject({ plan: { content: { forceCommand: "uptime now" } } });
    expect(planOf(cela, sshRoot)).not.toHaveProperty("content.forceCommand");
  });

  test("has sorted extensions and the chosen principals", () => {
    expect(planOf(alice, { grant: "ssh-login" })).toMatchObject({
      content: { extensions: ["permit-port-forwarding", "permit-pty"] },
    });
    expect(planOf(bob, choosing("kube-ops"))).toMatchObject({
      content: { principals: ["bob", "kube-ops"] },
    });
  });

  test("names a person by the primary of the cluster's own realm", () => {
    expect(planOf(cela, { grant: "kube-admin", reason: "x" })).toMatchObject({
      content: { cn: "root:cela", o: ["system:masters"] },
    });
  });

  test("has the shorter lifetime that was asked for", () => {
    expect(planOf(node("m1"), { grant: "kubelet", lifetime: HOUR })).toMatchObject({
      lifetime: HOUR,
    });
    expect(planOf(cela, { grant: "admit", node: "m1", lifetime: 60 })).toMatchObject({
      node: "m1",
      tokenLifetime: 60,
    });
  });
});

describe("a node that asks again", () => {
  const at: Ask = { grant: "kubelet", from: "10.18.60.21", key: "ecdsa-p256" };
  const plan = planOf(node("w1"), at);

  test("gets the same plan, also with the lifetime that it would have anyway", () => {
    expect(planOf(node("w1"), at)).toBe(plan);
    expect(planOf(node("w1"), { ...at, lifetime: 30 * DAY })).toBe(plan);
    expect(planOf(node("w1"), { grant: "kubelet", choose: [] })).toBe(plan);
  });

  test("gets another plan for another lifetime, node or grant", () => {
    expect(planOf(node("w1"), { ...at, lifetime: HOUR })).not.toBe(plan);
    expect(planOf(node("w2"), { grant: "kubelet" })).not.toBe(plan);
    expect(planOf(node("w1"), { grant: "kube-proxy" })).not.toBe(plan);
  });

  test("is checked again", () => {
    expect(outcomeOf(decide(example, node("w1"), { ...at, from: "10.18.60.22" }))).toBe(
      "policy.address",
    );
    expect(outcomeOf(decide(example, node("w1"), { ...at, key: "ed25519" }))).toBe(
      "policy.key_kind",
    );
  });

  test("gets nothing remembered from another policy", () => {
    const stricter = readSound(
      edit(
        edit(
          EXAMPLE,
          "kubelet:                 { to: [master, worker]",
          "kubelet:                 { to: [master]",
        ),
        "kubelet, kubelet-serving, kube-proxy]",
        "kubelet-serving, kube-proxy]",
      ),
    );
    expect(outcomeOf(decide(stricter, node("w1"), at))).toBe("policy.not_granted");
  });
});

describe("a denial", () => {
  test("names the facts that are missing and the line", () => {
    const line = EXAMPLE.split("\n").findIndex((text) => text.startsWith("  ssh-login:")) + 1;
    expect(decide(example, person("alice", "ldap:hyades-users"), { grant: "ssh-login" })).toEqual({
      verdict: "deny",
      code: "policy.not_granted",
      detail: "grant ssh-login goes to users; alice is not in users: ldap:active is missing",
      nearest: { grant: "ssh-login", missing: ["ldap:active"] },
      line,
    });
  });

  test("names the role that is missing", () => {
    expect(decide(example, node("w1"), { grant: "etcd-client" })).toMatchObject({
      detail: "grant etcd-client goes to master; w1 is not master",
      nearest: { grant: "etcd-client", missing: ["one of master"] },
    });
  });

  test("names the nearest grant", () => {
    expect(decide(example, node("w1"), { grant: "kubelets" })).toMatchObject({
      detail: 'there is no grant "kubelets"; did you mean kubelet?',
      nearest: { grant: "kubelet" },
    });
  });

  test("gives both figures of a lifetime", () => {
    expect(decide(example, cela, { ...sshRoot, lifetime: 36_000 })).toMatchObject({
      detail: "36000 s is longer than the 14400 s that grant ssh-root allows",
    });
  });

  test("repeats nothing dangerous of the request", () => {
    const decision = decide(example, alice, { grant: `\u001b[2J\n${"x".repeat(10_000)}` });
    if (decision.verdict === "allow") throw new TypeError("allowed");
    expect(decision.detail).not.toMatch(/\p{Cc}/u);
    expect(decision.detail.length).toBeLessThan(200);
  });
});
