import { describe, expect, test } from "vitest";
import { decide } from "../../../policy/decide.ts";
import type { Policy, Subject } from "../../../policy/decision.ts";
import { grantsOf } from "../../../policy/grants.ts";
import type { Condition, NeverRule } from "../../../policy/model.ts";
import { findHit } from "../../../policy/never/match.ts";
import { alice, bob, cela, example, node, person, sshRoot } from "./example.ts";

const place = { file: "p", line: 7, column: 1, length: 1 };

/** The example with one more rule behind `check`'s back. */
const withRule = (mode: "is" | "not", who: string, gets: readonly Condition[]): Policy => ({
  ...example,
  never: [{ id: "extra", who: { mode, names: [{ text: who, place }] }, gets, place }],
});
const name = (
  aspect: Extract<Condition, { kind: "matches" }>["aspect"],
  text: string,
  kind: "exact" | "prefix" = "exact",
): Condition => ({
  kind: "matches",
  aspect,
  patterns: [{ kind, text }],
});

describe("decide holds every rule against the built plan", () => {
  test.each<readonly [string, Subject, string, Condition]>([
    ["a principal that is chosen", bob, "ssh-oncall", name("principal", "ceph-ops")],
    ["a principal from a variable", alice, "ssh-login", name("principal", "ali", "prefix")],
    ["a cn", node("w1"), "kubelet", name("cn", "system:node:w1")],
    ["a cn's beginning", node("w1"), "kubelet", name("cn", "system:", "prefix")],
    ["an o", node("w1"), "kubelet", name("o", "system:nodes")],
    ["a DNS name", node("m1"), "kube-apiserver", name("name", "kubernetes")],
    ["names below a name", node("m1"), "kube-apiserver", name("name", "kubernetes.", "prefix")],
    ["an address", node("m1"), "kube-apiserver", name("name", "172.28.0.1")],
    ["a host's principal", node("w1"), "ssh-host", name("name", "w1")],
    ["a name under a wildcard", node("c1"), "ceph-rgw", name("name", "a.s3.hyades.example.edu")],
    ["a wildcard", node("c1"), "ceph-rgw", { kind: "wildcard" }],
    ["an authority", node("w1"), "kubelet", name("issue", "kubernetes")],
    ["a lifetime", node("w1"), "kubelet", { kind: "lifetime-over", seconds: 86_400 }],
    ["a file", node("m1"), "service-account-key", name("fetch", "service-account.key")],
    ["an admission", cela, "admit", name("admit", "worker")],
    ["an action", cela, "operate", name("operate", "audit")],
  ])("%s", (_, subject, grant, condition) => {
    const ask = {
      grant,
      from: subject.kind === "node" ? "" : "10.9.1.1",
      reason: "x",
      node: "w1",
      choose: grant === "ssh-oncall" ? ["ceph-ops"] : [],
    };
    const { from, ...rest } = ask;
    const request = from === "" ? rest : ask;
    expect(decide(example, subject, request).verdict).toBe("allow");
    const everybody = subject.kind === "node" ? "nodes" : "people";
    expect(decide(withRule("is", everybody, [condition]), subject, request)).toMatchObject({
      code: "policy.never",
      line: 7,
    });
    expect(decide(withRule("not", everybody, [condition]), subject, request).verdict).toBe("allow");
  });

  test.each<readonly [string, Condition]>([
    ["another name", name("name", "w2")],
    ["a part of a name", name("name", "w")],
    ["a principal, which a host has not", name("principal", "w1")],
    ["a lifetime that is not passed", { kind: "lifetime-over", seconds: 60 * 86_400 }],
    ["a wildcard", { kind: "wildcard" }],
  ])("and leaves alone what does not fit: %s", (_, condition) => {
    expect(
      decide(withRule("is", "nodes", [condition]), node("w1"), { grant: "ssh-host" }).verdict,
    ).toBe("allow");
  });

  test("a rule with two conditions needs both", () => {
    const long: Condition = { kind: "lifetime-over", seconds: 60 };
    const ask = { grant: "ssh-host" };
    expect(
      decide(withRule("is", "nodes", [name("name", "w1"), long]), node("w1"), ask).verdict,
    ).toBe("deny");
    expect(
      decide(withRule("is", "nodes", [long, name("name", "w2")]), node("w1"), ask).verdict,
    ).toBe("allow");
    expect(
      decide(withRule("is", "nodes", [name("name", "w2"), long]), node("w1"), ask).verdict,
    ).toBe("allow");
  });

  test("a rule for one group holds for who is in another too", () => {
    const both = person(
      "bob",
      "ldap:hyades-oncall",
      "ldap:staff",
      "ldap:hyades-users",
      "ldap:active",
    );
    const policy = withRule("is", "oncall", [name("principal", "bob")]);
    expect(decide(policy, both, { grant: "ssh-login" })).toMatchObject({ code: "policy.never" });
  });

  test("the reason that a rule gives is passed on", () => {
    const policy = withRule("not", "oncall", [name("principal", "root")]);
    const never = policy.never.map((rule) => ({ ...rule, because: "ask the night shift" }));
    expect(decide({ ...policy, never }, cela, sshRoot)).toMatchObject({
      detail: "never rule extra forbids what grant ssh-root gives: ask the night shift",
    });
  });
});

describe("grantsOf", () => {
  test("gives every grant in the order of the file", () => {
    expect(grantsOf(example, cela).map(({ grant }) => grant)).toEqual([...example.grants.keys()]);
    expect(grantsOf(example, node("m9")).every(({ decision }) => decision.verdict === "deny")).toBe(
      true,
    );
  });

  test("leaves out the roles that a rule forbids to admit", () => {
    const policy = withRule("is", "people", [name("admit", "master")]);
    const admit = grantsOf(policy, cela).find(({ grant }) => grant === "admit");
    expect(admit?.decision).toMatchObject({
      verdict: "allow",
      plan: { node: "", roles: ["worker", "supervisor", "ceph"] },
    });
    const none = grantsOf(withRule("is", "people", [name("admit", "worker")]), bob);
    expect(none.find(({ grant }) => grant === "admit-workers")?.decision).toMatchObject({
      code: "policy.never",
    });
  });
});

describe("a name with variables", () => {
  const rule = (text: string): NeverRule =>
    withRule("is", "people", [name("cn", text, "prefix")]).never[0] ?? {
      id: "",
      who: { mode: "is", names: [] },
      gets: [],
      place,
    };
  const user = { kind: "variable", name: "user" } as const;
  const literal = (text: string) => ({ kind: "literal", text }) as const;

  test.each([
    ["a beginning that is written", "system:", [literal("system:"), user], true],
    ["a beginning that a value can have", "sys", [user], true],
    ["a beginning that value and text have together", "system:a", [user, literal(":admin")], true],
    ["a beginning within the value", "root:ce", [literal("root:"), user], true],
    ["a beginning that no value has", "system:", [user], false],
    ["a beginning in capitals", "System", [user], false],
    ["another beginning", "system:", [literal("user:"), user], false],
    ["a beginning that begins like the text", "user-system:", [literal("user:"), user], false],
    ["a beginning longer than all", "root:abc:", [literal("root:"), user], false],
  ])("%s", (_, prefix, parts, want) => {
    const given = [{ kind: "name", aspect: "cn", parts, place }] as const;
    expect(findHit([rule(prefix)], new Set(["people"]), given) !== undefined).toBe(want);
  });
});
