import { describe, expect, test } from "vitest";
import type { Subject } from "../../../policy/decision.ts";
import { KeysystemError } from "../../../protocol/problems.ts";
import {
  admissionLifetime,
  type OperateAction,
  requireOperate,
} from "../../../server/admin/authorize.ts";
import type { Caller } from "../../../server/authenticate/caller.ts";
import {
  alice,
  bob,
  cela,
  EXAMPLE,
  edit,
  example,
  kerberos,
  node,
  readSound,
} from "../policy/example.ts";

const OFFICE = "10.9.1.1";
const caller = (subject: Subject, from = OFFICE): Caller => ({ subject, from });
const root: Caller = { subject: { kind: "root" } };
const dora = kerberos("dora@EXAMPLE.EDU");

/** Who looks but does not touch; operates from an office only; admits masters with a reason; and two ways to admit. */
const wide = readSound(
  edit(
    EXAMPLE.replace(/^tests:[\s\S]*/m, ""),
    "  operate:        { to: root-admins, operate: [revoke, audit, apply] }",
    `  operate:        { to: root-admins, operate: [revoke, audit, apply], source-address: [offices] }
  look:           { to: oncall, operate: audit }
  admit-long:     { to: oncall, admit: [worker], token-lifetime: 2h, reason: required }`,
  ),
);

/** `allowed`, or the code and the words of the refusal. */
function outcome(check: () => unknown): string {
  try {
    const given = check();
    return typeof given === "number" ? `${given} s` : "allowed";
  } catch (error) {
    if (error instanceof KeysystemError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe("requireOperate", () => {
  test.each<readonly [string, Caller, OperateAction, RegExp]>([
    ["root", root, "apply", /^allowed$/],
    ["an admin", caller(cela), "revoke", /^allowed$/],
    ["an admin", caller(cela), "audit", /^allowed$/],
    ["who may look", caller(bob), "audit", /^allowed$/],
    [
      "who may look, for more",
      caller(bob),
      "revoke",
      /^auth\.forbidden: no grant lets bob operate \(revoke\)/,
    ],
    ["who may look, for more", caller(bob), "apply", /^auth\.forbidden: .*operate \(apply\)/],
    ["somebody", caller(alice), "audit", /^auth\.forbidden: .*operate goes to root-admins/],
    ["the same without /root", caller(kerberos("cela@EXAMPLE.EDU")), "audit", /^auth\.forbidden/],
    ["a node", caller(node("m1"), "10.18.60.11"), "audit", /^auth\.forbidden/],
    ["an admin from abroad", caller(cela, "192.0.2.9"), "audit", /^policy\.address: 192\.0\.2\.9/],
    ["an admin from nowhere", { subject: cela }, "audit", /^policy\.address: an unknown address/],
  ])("%s: %j %s", (_, who, action, want) => {
    expect(outcome(() => requireOperate(wide, who, action))).toMatch(want);
  });
});

describe("admissionLifetime", () => {
  test.each<readonly [string, Caller, Parameters<typeof admissionLifetime>[2], string | RegExp]>([
    ["root, without a wish", root, { node: "m1" }, "3600 s"],
    ["root, for a day", root, { node: "m1", ttl: 86_400 }, "86400 s"],
    ["root, for longer", root, { node: "m1", ttl: 86_401 }, /^policy\.lifetime_too_long: 86401 s/],
    ["an admin", caller(cela), { node: "m1" }, "3600 s"],
    ["an admin, for less", caller(cela), { node: "m1", ttl: 60 }, "60 s"],
    [
      "an admin, for longer",
      caller(cela),
      { node: "m1", ttl: 3601 },
      /^policy\.lifetime_too_long: 3601 s is longer than the 3600 s/,
    ],
    ["who may for workers", caller(bob), { node: "w1" }, "900 s"],
    [
      "who may for workers, longer with a reason",
      caller(bob),
      { node: "w1", reason: "new disk" },
      "7200 s",
    ],
    [
      "who may for workers, longer without",
      caller(bob),
      { node: "w1", ttl: 901 },
      /^policy\.lifetime_too_long: 901 s is longer than the 900 s/,
    ],
    [
      "who may for workers, a master",
      caller(bob),
      { node: "m1", reason: "x" },
      /^policy\.not_granted: m1 is master, and grant admit-workers admits worker/,
    ],
    [
      "somebody",
      caller(alice),
      { node: "w1" },
      /^auth\.forbidden: no grant lets alice admit w1.*admit-workers goes to oncall/,
    ],
    ["a node", caller(node("m1"), "10.18.60.11"), { node: "w1" }, /^auth\.forbidden/],
    ["anybody, a node of no policy", root, { node: "m9" }, /^policy\.unknown_node: .*no node m9;/],
    ["anybody, no node at all", root, { node: "__proto__" }, /^policy\.unknown_node/],
  ])("%s", (_, who, admission, want) => {
    const found = outcome(() => admissionLifetime(wide, who, admission));
    if (typeof want === "string") expect(found).toBe(want);
    else expect(found).toMatch(want);
  });

  test("what a caller made up is harmless in the message", () => {
    const found = outcome(() => admissionLifetime(wide, root, { node: "m\u001b[31m\u202e\n1" }));
    expect(found).toMatch(/^policy\.unknown_node: the policy names no node m\?\[31m\?\?1;/);
  });
});

describe("a silent directory", () => {
  const silent = (subject: Subject): Caller => ({
    ...caller(subject),
    directories: [{ directory: "ldap", state: "unreachable", detail: "no answer in 3 s", age: 40 }],
  });
  const UNKNOWN =
    /^directory\.unavailable: cannot decide: people group "oncall" needs ldap, and no answer in 3 s/;

  test("leaves open who could admit or operate by its word", () => {
    expect(outcome(() => admissionLifetime(wide, silent(dora), { node: "w1" }))).toMatch(UNKNOWN);
    expect(outcome(() => requireOperate(wide, silent(dora), "audit"))).toMatch(UNKNOWN);
  });

  test("changes nothing for those whom Kerberos decides about", () => {
    expect(outcome(() => admissionLifetime(wide, silent(cela), { node: "w1" }))).toBe("3600 s");
    expect(outcome(() => requireOperate(wide, silent(cela), "apply"))).toBe("allowed");
    expect(outcome(() => requireOperate(example, silent(dora), "audit"))).toMatch(
      /^auth\.forbidden/,
    );
  });

  test("leaves nothing open that its groups could not do", () => {
    for (const action of ["apply", "revoke"] as const)
      expect(outcome(() => requireOperate(wide, silent(dora), action))).toMatch(/^auth\.forbidden/);
    expect(outcome(() => admissionLifetime(wide, silent(dora), { node: "m1" }))).toMatch(
      /^auth\.forbidden/,
    );
  });
});
