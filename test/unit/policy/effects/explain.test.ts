import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Ask, Policy, Subject } from "../../../../policy/decision.ts";
import { decide } from "../../../../policy/decide.ts";
import { explain } from "../../../../policy/effects/explain.ts";
import { formatExplanation } from "../../../../policy/effects/explain/explanation.ts";
import { readPolicy } from "../../../../policy/read.ts";
import { alice, bob, cela, edit, EXAMPLE, example, node, person, readSound } from "../example.ts";
import { drafts, textOf } from "./random-policy.ts";
import { asks, subjects } from "./requests.ts";

const said = (subject: Subject, ask: Ask, policy: Policy = example): string =>
  formatExplanation(explain(policy, subject, { reason: "a test", ...ask }));

describe("an explanation", () => {
  test("of what is allowed ends with what is issued", () =>
    expect(said(cela, { grant: "ssh-root", from: "10.9.4.7" })).toBe(
      [
        "cela/root@EXAMPLE.EDU asks for ssh-root from 10.9.4.7:  ALLOWED",
        "  1 identity   kerberos:cela/root@EXAMPLE.EDU",
        "  2 group      root-admins: yes, through kerberos:cela/root@EXAMPLE.EDU  (policy.yaml:43)",
        "  3 grant      ssh-root goes to root-admins: matched  (policy.yaml:84)",
        "  4 limits     10.9.4.7 is in 10.9.0.0/16; a reason has to be given  (policy.yaml:84)",
        "  5 never      8 rules checked, none applies",
        "  6 issues     ssh-user  login root  extensions permit-pty  4h  source-address 10.9.0.0/16,2001:db8:9::/48,10.18.60.0/23",
      ].join("\n"),
    ));

  test("of what is denied says where it stopped, and what there is instead", () =>
    expect(said(alice, { grant: "ssh-root" })).toBe(
      [
        "alice asks for ssh-root:  DENIED",
        "  1 identity   ldap:hyades-users, ldap:active",
        "  2 group      root-admins: no  (policy.yaml:43: kerberos:cela/root@EXAMPLE.EDU or kerberos:huy/root@EXAMPLE.EDU)",
        "  2 group      users: yes, through ldap:hyades-users and ldap:active  (policy.yaml:45)",
        "  3 grant      ssh-root goes to root-admins: no match  (policy.yaml:84)",
        "  stopped at   not in root-admins",
        "  instead      ssh-login: login alice, extensions permit-port-forwarding,permit-pty, 12h  (policy.yaml:88)",
      ].join("\n"),
    ));

  test.each<readonly [string, Subject, Ask, readonly string[]]>([
    ["no address", cela, { grant: "ssh-root" }, ["4 limits", "stopped at   no address is given"]],
    [
      "another address",
      cela,
      { grant: "ssh-root", from: "192.0.2.1" },
      ["4 limits     192.0.2.1 is not in", "DENIED"],
    ],
    [
      "no reason",
      cela,
      { grant: "kube-admin", reason: "" },
      ["4 limits     grant kube-admin needs a reason"],
    ],
    [
      "a fact is missing",
      person("al", "ldap:hyades-users"),
      { grant: "ssh-login" },
      [
        "users: no  (policy.yaml:45: ldap:hyades-users or gitlab:hyades/members, and ldap:active)",
        "stopped at   not in users",
      ],
    ],
    [
      "two ways into one group",
      person("al", "ldap:hyades-users", "gitlab:hyades/members", "ldap:active"),
      { grant: "ssh-login" },
      ["users: yes, through ldap:hyades-users or gitlab:hyades/members and ldap:active"],
    ],
    [
      "a name is taken",
      person("root", "ldap:hyades-users", "ldap:active"),
      { grant: "ssh-login" },
      ["matched", "stopped at   <user> would become root"],
    ],
    [
      "another role",
      node("w3"),
      { grant: "etcd-peer" },
      [
        "2 role       master: no  (policy.yaml:36)",
        "2 role       worker: yes  (policy.yaml:36)",
        "stopped at   not a master",
      ],
    ],
    [
      "no such node",
      node("w9"),
      { grant: "kubelet" },
      ["node:w9: not in the policy", 'stopped at   the policy names no node "w9"'],
    ],
    [
      "a node elsewhere",
      node("w3"),
      { grant: "kubelet", from: "10.1.1.1" },
      ["1 identity   node:w3 at 10.18.60.23", "stopped at   w3 asks from 10.1.1.1"],
    ],
    [
      "no such grant",
      cela,
      { grant: "ssh-rot" },
      ["3 grant      ssh-rot is not in the policy", "did you mean ssh-root?"],
    ],
    [
      "nobody",
      person("al"),
      { grant: "ssh-login" },
      ["1 identity   nothing that the policy looks at"],
    ],
    [
      "root on the master",
      { kind: "root" },
      { grant: "admit" },
      ["ALLOWED", "and to root on the master", "no rule speaks of root"],
    ],
    [
      "root for a login",
      { kind: "root" },
      { grant: "ssh-root" },
      ["root on the master admits and operates, and nothing else"],
    ],
    [
      "the right to admit",
      bob,
      { grant: "admit-workers" },
      ["ALLOWED", "5 gives      admit worker  15m"],
    ],
    [
      "an admission",
      bob,
      { grant: "admit-workers", node: "m1" },
      ["m1 is master, and grant admit-workers admits worker"],
    ],
    [
      "too many chosen",
      bob,
      { grant: "ssh-oncall", from: "10.9.1.1", choose: ["ceph-ops", "kube-ops"] },
      ["2 principals are more than the 1"],
    ],
    [
      "a choice",
      bob,
      { grant: "ssh-oncall", from: "10.9.1.1", choose: ["ceph-ops"] },
      ["may choose ceph-ops", "login bob,ceph-ops"],
    ],
  ])("%s", (_, subject, ask, wants) => {
    const text = said(subject, ask);
    for (const want of wants) expect(text).toContain(want);
  });

  test("names the rule that forbids, with its line", () => {
    const overlap = readSound(
      edit(
        EXAMPLE,
        "  - { id: root-login,",
        "  - { id: no-oncall, who: { is: [oncall] }, gets: { o: cluster-users } }\n  - { id: root-login,",
      ),
    );
    const both = person(
      "al",
      "ldap:hyades-users",
      "ldap:active",
      "ldap:hyades-oncall",
      "ldap:staff",
    );
    const text = said(both, { grant: "kube-user" }, overlap);
    expect(text).toContain("4 never      9 rules checked, no-oncall forbids it  (policy.yaml:97)");
    expect(text).toContain("DENIED");
  });

  test("root on the master is held to no limit", () => {
    const strict = readSound(
      edit(EXAMPLE, "ceph], token-lifetime: 1h", "ceph], reason: required, token-lifetime: 1h"),
    );
    const text = said({ kind: "root" }, { grant: "admit", node: "w9", reason: "" }, strict);
    expect(text).toContain('stopped at   the policy names no node "w9"');
    expect(text).not.toContain("limits");
  });

  test("instead is never the grant itself, nor something else entirely", () => {
    expect(
      said(person("al", "ldap:hyades-users", "ldap:active"), { grant: "admit" }),
    ).not.toContain("instead");
    expect(said(cela, { grant: "ssh-root", from: "192.0.2.1" })).not.toContain("instead");
    expect(said(cela, { grant: "kube-user" })).toContain("instead      kube-admin: CN=root:cela");
  });
});

test("says of any request what decide says", () => {
  const property = fc.property(
    drafts,
    fc.array(fc.tuple(subjects, asks), { minLength: 8 }),
    (draft, pairs) => {
      const { policy } = readPolicy(textOf(draft), { file: "policy.yaml" });
      fc.pre(policy !== undefined);
      if (policy === undefined) return;
      for (const [subject, ask] of pairs) {
        const decision = decide(policy, subject, ask);
        const { verdict, stopped, steps } = explain(policy, subject, ask);
        const isBare = ask.node === undefined && policy.grants.get(ask.grant)?.verb === "admit";
        if (!isBare) expect(verdict).toBe(decision.verdict === "allow" ? "allowed" : "denied");
        if (!isBare && decision.verdict === "deny") expect(stopped?.code).toBe(decision.code);
        expect(steps.map(({ number }) => number)).toEqual(
          steps.map(({ number }) => number).toSorted((a, b) => a - b),
        );
        expect(steps.at(-1)?.what === "issues" || steps.at(-1)?.what === "gives").toBe(
          verdict === "allowed",
        );
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});
