import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../../policy/decide.ts";
import type { Subject } from "../../../policy/decision.ts";
import {
  directoriesFor,
  factsWanted,
  grantsWith,
  groupsHeld,
  undecidedGroups,
} from "../../../policy/facts.ts";
import {
  alice,
  bob,
  cela,
  EXAMPLE,
  edit,
  example,
  kerberos,
  node,
  person,
  readSound,
} from "./example.ts";

/** Two groups for one grant, one of them of Kerberos and a directory. */
const mixed = readSound(
  edit(
    edit(
      EXAMPLE,
      "  oncall:      { from",
      "  deputies: { from: [kerberos:huy@EXAMPLE.EDU, gitlab:hyades/ops], also-in: [ldap:staff] }\n  oncall:      { from",
    ),
    "ssh-oncall:\n    { to: oncall,",
    "ssh-oncall:\n    { to: [oncall, deputies],",
  ).replace(/^tests:[\s\S]*/m, ""),
);

describe("directoriesFor", () => {
  test.each<readonly [readonly string[], readonly string[]]>([
    [["ssh-root", "kube-admin", "etcd-admin", "admit", "operate"], []],
    [["kubelet", "service-account-key"], []],
    [["ssh-oncall"], ["ldap"]],
    [["ssh-login"], ["gitlab", "ldap"]],
    [["ssh-root", "admit-workers"], ["ldap"]],
    [["no-such-grant", "constructor", ""], []],
    [[], []],
  ])("%j: %j", (grants, directories) => {
    expect([...directoriesFor(example, grants)].toSorted()).toEqual(directories);
  });
});

test("the facts wanted of a directory are those of its own that stand in the policy", () => {
  expect([...factsWanted(example, "ldap")].toSorted()).toEqual([
    "active",
    "hyades-oncall",
    "hyades-users",
    "staff",
  ]);
  expect([...factsWanted(example, "gitlab")]).toEqual(["hyades/members"]);
  for (const none of ["", "lda", "ldap:", "LDAP", "__proto__"])
    expect([...factsWanted(example, none)]).toEqual([]);
});

describe("undecidedGroups", () => {
  const ask = (
    subject: Subject,
    grant: string,
    silent: readonly string[],
    policy = example,
  ): readonly string[] => undecidedGroups(policy, subject, grant, new Set(silent));
  const stranger = kerberos("dora@EXAMPLE.EDU");

  test.each<readonly [string, Subject, string, readonly string[], readonly string[]]>([
    // the directory alone could still say yes
    ["nothing is known", stranger, "ssh-oncall", ["ldap"], ["oncall"]],
    ["half is known", person("dora", "ldap:staff"), "ssh-oncall", ["ldap"], ["oncall"]],
    ["a silent directory for a join string", stranger, "admit-workers", ["ldap"], ["oncall"]],
    ["both are silent", stranger, "ssh-login", ["ldap", "gitlab"], ["users"]],
    ["the one that decides is silent", stranger, "ssh-login", ["ldap"], ["users"]],
    [
      "one said yes, and what it takes beside is silent",
      person("dora", "gitlab:hyades/members"),
      "ssh-login",
      ["ldap"],
      ["users"],
    ],
    // a sure no
    ["nobody is silent", stranger, "ssh-oncall", [], []],
    ["another directory is silent", stranger, "ssh-oncall", ["gitlab"], []],
    ["Kerberos alone decides", stranger, "ssh-root", ["ldap", "gitlab"], []],
    ["a grant of nodes", stranger, "kubelet", ["ldap", "gitlab"], []],
    ["a grant that is not there", stranger, "ssh-rot", ["ldap"], []],
    [
      "what it takes beside was answered, with no",
      person("dora", "gitlab:hyades/members"),
      "ssh-login",
      ["gitlab"],
      [],
    ],
    [
      "one of two is silent, and the other says no to what both need",
      stranger,
      "ssh-login",
      ["gitlab"],
      [],
    ],
    // no question is open
    ["who is in already", bob, "ssh-oncall", ["ldap"], []],
    ["who is in by another way", alice, "ssh-login", ["gitlab"], []],
    ["a node", node("m1"), "ssh-oncall", ["ldap"], []],
    ["root", { kind: "root" }, "ssh-oncall", ["ldap"], []],
    // whose name no policy can hold, is in no group whatever a directory says
    ["a name with a space", person("do ra"), "ssh-oncall", ["ldap"], []],
    ["a principal with a line end", kerberos("dora\n@EXAMPLE.EDU"), "ssh-oncall", ["ldap"], []],
    ["somebody without a name", { kind: "person", in: [] }, "ssh-oncall", ["ldap"], []],
  ])("%s", (_, subject, grant, silent, groups) => {
    expect(ask(subject, grant, silent)).toEqual(groups);
  });

  test("of several groups, those that are still possible", () => {
    expect(ask(stranger, "ssh-oncall", ["ldap"], mixed)).toEqual(["oncall"]);
    expect(ask(stranger, "ssh-oncall", ["gitlab"], mixed)).toEqual([]);
    expect(ask(stranger, "ssh-oncall", ["ldap", "gitlab"], mixed)).toEqual(["oncall", "deputies"]);
    expect(ask(kerberos("huy@EXAMPLE.EDU"), "ssh-oncall", ["ldap"], mixed)).toEqual([
      "oncall",
      "deputies",
    ]);
    const staff = person("dora", "ldap:staff");
    expect(ask(staff, "ssh-oncall", ["gitlab"], mixed)).toEqual(["deputies"]);
  });

  /** Exact: undecided if and only if some answer of the silent ones would open the grant that is shut now. */
  test("is undecided exactly when answers exist that would let the person in", () => {
    const facts = ["ldap:hyades-oncall", "ldap:staff", "ldap:hyades-users", "ldap:active"];
    const all = [...facts, "gitlab:hyades/members", "gitlab:hyades/ops"];
    const directoryOf = (fact: string): string => fact.split(":")[0] ?? "";
    const grants = ["ssh-oncall", "ssh-login", "ssh-root", "kube-user"];
    const holds = (subject: Subject, grant: string): boolean =>
      !["policy.not_granted"].includes(
        (({ verdict, ...rest }) => (verdict === "deny" && "code" in rest ? rest.code : "given"))(
          decide(mixed, subject, { grant, from: "10.9.1.1", reason: "test" }),
        ),
      );
    fc.assert(
      fc.property(
        fc.subarray(all),
        fc.subarray(["ldap", "gitlab"]),
        fc.constantFrom(...grants),
        fc.constantFrom("dora@EXAMPLE.EDU", "huy@EXAMPLE.EDU", "cela/root@EXAMPLE.EDU"),
        (known, silent, grant, principal) => {
          const said = known.filter((fact) => !silent.includes(directoryOf(fact)));
          const subject: Subject = { kind: "person", principal, user: "dora", in: said };
          const possible = all.filter((fact) => silent.includes(directoryOf(fact)));
          const best: Subject = { ...subject, in: [...said, ...possible] };
          const expected = !holds(subject, grant) && holds(best, grant);
          const undecided = ask(subject, grant, silent, mixed);
          // A group that one is not in yet may be open while another one gives the grant already.
          if (holds(subject, grant)) return;
          expect(undecided.length > 0).toBe(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test("groups are held by facts of their own kind only, in the order of the file", () => {
  expect(groupsHeld(example, cela)).toEqual(["root-admins"]);
  expect(groupsHeld(example, bob)).toEqual(["oncall"]);
  const everything = person(
    "dora",
    "ldap:hyades-users",
    "ldap:active",
    "ldap:hyades-oncall",
    "ldap:staff",
  );
  expect(groupsHeld(example, everything)).toEqual(["oncall", "users"]);
  const pretender = person(
    "dora",
    "kerberos:cela/root@EXAMPLE.EDU",
    "root-admins",
    "ldap:root-admins",
  );
  expect(groupsHeld(example, pretender)).toEqual([]);
  expect(groupsHeld(example, person("cela/root@EXAMPLE.EDU"))).toEqual([]);
  expect(groupsHeld(example, node("m1"))).toEqual([]);
  expect(groupsHeld(example, { kind: "root" })).toEqual([]);
});

test("grants by what they are for", () => {
  expect(grantsWith(example, ["admit", "operate"])).toEqual(["admit", "admit-workers", "operate"]);
  expect(grantsWith(example, ["fetch"])).toEqual(["service-account-key"]);
  expect(grantsWith(example, [])).toEqual([]);
});
